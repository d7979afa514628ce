declare module "virtual:samples" {
  const samples: import("./sample.ts").Sample[];
  export default samples;
}
