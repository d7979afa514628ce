/** Charts as files: their numbers as CSV (RFC 4180), their picture as PNG. */

import { make } from "../../../shared/dom.ts";
import type { Cell, Data } from "./frame.ts";

function field(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell === "number") return String(cell);
  // a spreadsheet would take these for formulas
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csvOf({ columns, rows }: Data): string {
  return [columns, ...rows].map((cells) => `${cells.map(field).join(",")}\r\n`).join("");
}

export function saveCsv(name: string, data: Data): void {
  save(`${name}.csv`, new Blob([csvOf(data)], { type: "text/csv;charset=utf-8" }));
}

function save(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  make("a", { href: url, download: `driftline-${name}` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** What a picture outside the page does not inherit from its styles. */
const PAINT = ["fill", "stroke", "font-family", "font-size", "font-weight", "color", "paint-order"] as const;
const TWICE = 2;
const HEAD = 34;

/** Draws the picture, with its title above it, at twice its size. */
export async function savePng(name: string, title: string, picture: SVGSVGElement): Promise<void> {
  const { width, height } = picture.viewBox.baseVal;
  const copy = picture.cloneNode(true) as SVGSVGElement;
  const shown = [picture, ...picture.querySelectorAll<SVGElement>("*")];
  const copies = [copy, ...copy.querySelectorAll<SVGElement>("*")];
  for (const [at, element] of shown.entries()) {
    const style = getComputedStyle(element);
    for (const property of PAINT) copies[at]?.setAttribute(property, style.getPropertyValue(property));
  }
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(width * TWICE));
  copy.setAttribute("height", String(height * TWICE));
  const text = new XMLSerializer().serializeToString(copy);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();

  const canvas = make("canvas", { width: width * TWICE, height: (height + HEAD) * TWICE });
  const to = canvas.getContext("2d");
  if (to === null) return;
  const page = getComputedStyle(picture.closest(".card") ?? document.body);
  to.fillStyle = page.backgroundColor;
  to.fillRect(0, 0, canvas.width, canvas.height);
  to.fillStyle = page.color;
  to.font = `600 ${15 * TWICE}px ${page.fontFamily}`;
  to.fillText(title, 8 * TWICE, 22 * TWICE, canvas.width - 16 * TWICE);
  to.drawImage(image, 0, HEAD * TWICE);
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
  if (blob !== null) save(`${name}.png`, blob);
}
