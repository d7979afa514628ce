//! Speed and memory of `driftline profile` on files of two sizes, made here.

use crate::shell::{at, cargo, command, run, say, target};
use anyhow::{Context, Result, bail};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Where the files are made.
const FOLDER: &str = "target/bench";

#[derive(clap::Args)]
pub struct Args {
    /// Size of the file
    #[arg(long, default_value_t = 1_000)]
    megabytes: u64,
}

/// Builds the command as it ships, and measures it on a tenth of the size and on the whole.
pub fn main(args: &Args) -> Result<()> {
    say("cargo build --release --bin driftline");
    run(cargo().args(["build", "--release", "--workspace", "--bin", "driftline"]))?;
    let driftline = target().join("release/driftline");
    println!("| bytes | rows | seconds | MB/s | peak memory |\n|--:|--:|--:|--:|--:|");
    for megabytes in [args.megabytes.div_ceil(10), args.megabytes] {
        let file = at(FOLDER).join(format!("flights-{megabytes}.csv"));
        let rows = make(&file, megabytes * 1_000_000)?;
        let measured = measure(&driftline, &file)?;
        let bytes = fs::metadata(&file)?.len();
        println!(
            "| {bytes} | {rows} | {:.2} | {:.0} | {} MiB |",
            measured.seconds,
            bytes as f64 / 1e6 / measured.seconds,
            measured.peak_kib / 1024
        );
        fs::remove_file(&file)?;
    }
    Ok(())
}

struct Measured {
    seconds: f64,
    peak_kib: u64,
}

/// Runs once; the peak is the kernel's high-water mark, read while the command runs.
fn measure(driftline: &Path, file: &Path) -> Result<Measured> {
    let start = Instant::now();
    let mut child = command(driftline)
        .args(["profile", "--target", "late", "--json"])
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .context("`driftline` could not be started")?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kib = 0;
    let ended = loop {
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        let kib = line.and_then(|l| l.split_whitespace().next()?.parse().ok());
        peak_kib = kib.unwrap_or(0).max(peak_kib);
        std::thread::sleep(Duration::from_millis(5));
    };
    if !ended.success() {
        bail!("`driftline profile` ended with {ended}");
    }
    Ok(Measured { seconds: start.elapsed().as_secs_f64(), peak_kib })
}

/// Writes rows in the manner of the flights of 2013: 19 columns, some of few values, some of very
/// many, some with cells missing. The same for the same size.
fn make(file: &Path, bytes: u64) -> Result<u64> {
    fs::create_dir_all(at(FOLDER))?;
    let out = File::create(file).with_context(|| format!("`{}` cannot be made", file.display()))?;
    let mut out = BufWriter::with_capacity(1 << 20, out);
    let header = "id,month,day,dep_time,dep_delay,arr_delay,carrier,flight,tailnum,origin,dest,\
                  air_time,distance,hour,time_hour,temp,humidity,pressure,late\n";
    out.write_all(header.as_bytes())?;
    let (mut written, mut rows, mut line) = (header.len() as u64, 0u64, String::new());
    let mut state = 0x2013_u64;
    while written < bytes {
        // splitmix64
        let mut draw = |most: u64| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (z ^ (z >> 31)) % most
        };
        let (month, day, hour) = (draw(12) + 1, draw(28) + 1, draw(19) + 5);
        let delay = draw(60) as i64 - 20;
        let arrival = delay + draw(40) as i64 - 20;
        let carrier = pick(&["UA", "B6", "EV", "DL", "AA", "MQ", "US", "9E"], draw(8));
        let origin = pick(&["EWR", "JFK", "LGA"], draw(3));
        let (a, b) = (draw(26) as u8, draw(4) as u8);
        let dest = [b'A' + a, b'A' + b, b'X'];
        line.clear();
        let _ = write!(
            line,
            "{rows},{month},{day},{hour}{:02},{delay},{arrival},{carrier},{},N{}{},{origin},{},",
            draw(60),
            draw(6_000) + 1,
            draw(900) + 100,
            pick(&["UA", "JB", "AA", "MQ"], draw(4)),
            String::from_utf8_lossy(&dest),
        );
        let _ = write!(line, "{},{},{hour},", draw(400) + 30, draw(200) * 13 + 80);
        let _ = write!(line, "2013-{month:02}-{day:02}T{hour:02}:00:00-04:00,");
        match draw(50) {
            0 => line.push_str(",,,"),
            _ => {
                let (temp, humidity) = (draw(90_000), draw(8_000) + 1_500);
                let (t, h, p) = (temp as f64 / 1e3, humidity as f64 / 1e2, draw(700));
                let _ = write!(line, "{t},{h},{},", (p + 9_800) as f64 / 10.0);
            }
        }
        let _ = writeln!(line, "{}", u8::from(arrival > 15));
        out.write_all(line.as_bytes())?;
        written += line.len() as u64;
        rows += 1;
    }
    out.flush()?;
    Ok(rows)
}

fn pick(of: &[&'static str], at: u64) -> &'static str {
    usize::try_from(at).ok().and_then(|at| of.get(at)).copied().unwrap_or_default()
}
