//! Stand-ins for the peers that alerts are told to: small servers on loopback that answer by script
//! and keep what they heard. They are no Slack and no Alertmanager; they speak HTTP and no more.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a peer does with a request.
#[derive(Clone, Debug)]
pub enum Does {
    /// Answers with a status and perhaps a further header line.
    Answer(u16, &'static str),
    /// Says nothing and holds the connection.
    Hang,
    /// Closes in the middle.
    Break,
}

/// One request that was heard.
#[derive(Clone, Debug)]
pub struct Heard {
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Heard {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| &**value)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A server that follows a script, and takes everything once that is at its end.
pub struct Peer {
    pub address: SocketAddr,
    heard: Mutex<Receiver<Heard>>,
}

impl Peer {
    pub fn start(script: &[Does]) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap(), script)
    }

    pub fn on(listener: TcpListener, script: &[Does]) -> Self {
        let address = listener.local_addr().unwrap();
        let (tell, heard) = channel();
        let script: Arc<Mutex<Vec<Does>>> =
            Arc::new(Mutex::new(script.iter().rev().cloned().collect()));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (tell, script) = (tell.clone(), Arc::clone(&script));
                std::thread::spawn(move || serve(stream, &tell, &script));
            }
        });
        Self { address, heard: Mutex::new(heard) }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next request, if it comes within a time.
    pub fn next(&self, within: Duration) -> Option<Heard> {
        self.heard.lock().unwrap().recv_timeout(within).ok()
    }
}

fn serve(stream: TcpStream, tell: &Sender<Heard>, script: &Mutex<Vec<Does>>) {
    let mut reader = BufReader::new(stream);
    while let Some(heard) = request(&mut reader) {
        let does = script.lock().unwrap().pop().unwrap_or(Does::Answer(204, ""));
        let _ = tell.send(heard);
        match does {
            Does::Answer(status, more) => {
                let more = if more.is_empty() { String::new() } else { format!("{more}\r\n") };
                let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\n{more}\r\n");
                if reader.get_mut().write_all(answer.as_bytes()).is_err() {
                    return;
                }
            }
            Does::Hang => std::thread::sleep(Duration::from_secs(60)),
            Does::Break => return,
        }
    }
}

fn request(reader: &mut BufReader<TcpStream>) -> Option<Heard> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Heard { path, headers, body: String::from_utf8(body).ok()? })
}
