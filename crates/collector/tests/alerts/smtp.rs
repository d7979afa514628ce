//! A stand-in for a mail server: it takes mail on loopback as RFC 5321 has it, without TLS, and keeps
//! it.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// One mail.
#[derive(Debug)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    pub data: String,
}

pub struct Server {
    pub address: SocketAddr,
    mails: Mutex<Receiver<Mail>>,
}

impl Server {
    /// The first `refusals` receivers are put off with 451.
    pub fn start(refusals: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, mails) = channel();
        std::thread::spawn(move || {
            let mut left = refusals;
            for stream in listener.incoming().flatten() {
                let _ = serve(stream, &tell, &mut left);
            }
        });
        Self { address, mails: Mutex::new(mails) }
    }

    pub fn next(&self, within: Duration) -> Option<Mail> {
        self.mails.lock().unwrap().recv_timeout(within).ok()
    }
}

fn serve(stream: TcpStream, tell: &Sender<Mail>, left: &mut usize) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let say = |reader: &mut BufReader<TcpStream>, text: &str| {
        reader.get_mut().write_all(format!("{text}\r\n").as_bytes())
    };
    say(&mut reader, "220 stand-in")?;
    let mut mail = Mail { from: String::new(), to: Vec::new(), data: String::new() };
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let line = line.trim_end();
        let address = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        match line.split(' ').next().unwrap_or_default() {
            "EHLO" | "HELO" => say(&mut reader, "250 stand-in")?,
            "MAIL" => {
                mail.from = address();
                say(&mut reader, "250 ok")?;
            }
            "RCPT" if *left > 0 => {
                *left -= 1;
                say(&mut reader, "451 later")?;
            }
            "RCPT" => {
                mail.to.push(address());
                say(&mut reader, "250 ok")?;
            }
            "DATA" => {
                say(&mut reader, "354 go on")?;
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line)?;
                    if line == ".\r\n" {
                        break;
                    }
                    mail.data.push_str(&line);
                }
                let empty = Mail { from: String::new(), to: Vec::new(), data: String::new() };
                let _ = tell.send(std::mem::replace(&mut mail, empty));
                say(&mut reader, "250 taken")?;
            }
            "QUIT" => return say(&mut reader, "221 bye"),
            _ => say(&mut reader, "502 unknown")?,
        }
    }
}
