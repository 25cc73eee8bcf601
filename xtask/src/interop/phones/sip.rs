//! As much of SIP as carries descriptions (RFC 3261): one call at a time with a phone on this
//! machine, over UDP.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use crate::run::Failure;

/// How long the phone may take to say something.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait before a request is sent once more.
const AGAIN: Duration = Duration::from_millis(500);

/// A message: its first line, its headers and its body.
#[derive(Clone, Debug, Default)]
struct Message {
    first: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Message {
    fn parse(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let first = lines.next()?.to_owned();
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.trim().to_owned(), value.trim().to_owned()))
        };
        Some(Self { first, headers: lines.filter_map(header).collect(), body: body.to_owned() })
    }

    fn get(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    /// The method of a request, or the status of a response.
    fn what(&self) -> &str {
        let mut words = self.first.split(' ');
        let first = words.next().unwrap_or_default();
        if first == "SIP/2.0" { words.next().unwrap_or_default() } else { first }
    }

    fn is_response(&self) -> bool {
        self.first.starts_with("SIP/2.0 ")
    }

    fn is_final(&self) -> bool {
        self.is_response() && !self.what().starts_with('1')
    }

    /// The address in a header such as `Contact`.
    fn uri(&self, name: &str) -> String {
        let value = self.get(name);
        let inner = value.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
        inner.map_or(value, |(uri, _)| uri).to_owned()
    }
}

/// What both sides call their call.
#[derive(Clone, Debug)]
struct Dialog {
    id: String,
    /// Our end and theirs, with their tags.
    local: String,
    remote: String,
    /// Where requests go.
    target: String,
    sequence: u32,
}

/// An INVITE, and the call that it begins or goes on with.
#[derive(Clone, Debug)]
struct Invited {
    dialog: Dialog,
    branch: String,
    request: String,
}

/// Our end of the line.
#[derive(Debug)]
pub(crate) struct Line {
    socket: UdpSocket,
    own: SocketAddr,
    phone: SocketAddr,
    dialog: Option<Dialog>,
    /// The INVITE of ours that has no final response yet.
    invited: Option<Invited>,
    /// The request of the phone that waits for an answer.
    asked: Option<Message>,
    count: u32,
}

impl Line {
    /// A line to the phone that listens there.
    pub(crate) fn open(phone: SocketAddr) -> Result<Self, Failure> {
        let open = || {
            let socket = UdpSocket::bind((phone.ip(), 0))?;
            socket.set_read_timeout(Some(Duration::from_millis(50)))?;
            let own = socket.local_addr()?;
            Ok::<_, std::io::Error>((socket, own))
        };
        let (socket, own) = open().map_err(|error| format!("no socket for SIP: {error}"))?;
        Ok(Self { socket, own, phone, dialog: None, invited: None, asked: None, count: 0 })
    }

    /// What the phone has to dial.
    pub(crate) fn uri(&self) -> String {
        format!("sip:us@{}", self.own)
    }

    /// Offers, in a new call or in the one that there is, and gives the answer.
    pub(crate) fn offer(&mut self, body: &str) -> Result<String, Failure> {
        self.invite(body)?;
        let answer = self.answered()?;
        self.acknowledge("")?;
        Ok(answer)
    }

    /// Sends an INVITE, in a new call or in the one that there is; without a body it asks for an
    /// offer.
    pub(crate) fn invite(&mut self, body: &str) -> Result<(), Failure> {
        let mut dialog = self.dialog.clone().unwrap_or_else(|| self.new_dialog());
        dialog.sequence += 1;
        let branch = self.branch();
        let request = self.request("INVITE", &dialog, &branch, body);
        self.send(&request)?;
        self.invited = Some(Invited { dialog, branch, request });
        Ok(())
    }

    /// The body of a provisional response to that.
    pub(super) fn early(&mut self) -> Result<String, Failure> {
        let invited = self.invited.as_ref().ok_or_else(|| "nobody is invited".to_owned())?;
        let request = invited.request.clone();
        let is_early = |reply: &Message| reply.what().starts_with('1') && !reply.body.is_empty();
        let reply = self.ask("INVITE", &request, is_early)?;
        Ok(reply.body)
    }

    /// The body of the final response to it, which is to be acknowledged.
    pub(crate) fn answered(&mut self) -> Result<String, Failure> {
        let Invited { mut dialog, branch, request } =
            self.invited.take().ok_or_else(|| "nobody is invited".to_owned())?;
        let reply = self.ask("INVITE", &request, Message::is_final)?;
        reply.get("to").clone_into(&mut dialog.remote);
        if !reply.get("contact").is_empty() {
            dialog.target = reply.uri("contact");
        }
        if reply.what().starts_with('2') {
            self.dialog = Some(dialog);
            return Ok(reply.body);
        }
        // That of a refusal belongs to the request (RFC 3261 §17.1.1.3), any other stands by itself.
        let ack = self.request("ACK", &dialog, &branch, "");
        self.send(&ack)?;
        Err(Failure::Failed(format!("the phone refuses: {}", reply.first)))
    }

    /// Acknowledges it, with the answer if an offer came.
    pub(crate) fn acknowledge(&mut self, body: &str) -> Result<(), Failure> {
        let branch = self.branch();
        let dialog = self.dialog.as_ref().ok_or_else(|| "there is no call".to_owned())?;
        let ack = self.request("ACK", dialog, &branch, body);
        self.send(&ack)
    }

    /// Waits for an offer of the phone, in a new call or in the one that there is.
    pub(crate) fn wait_for_offer(&mut self) -> Result<String, Failure> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            let Some(message) = self.receive()? else { continue };
            if message.what() == "INVITE" {
                if self.dialog.is_none() {
                    let local = format!("{};tag=us{}", message.get("to"), self.branch());
                    self.dialog = Some(Dialog {
                        id: message.get("call-id").to_owned(),
                        local,
                        remote: message.get("from").to_owned(),
                        target: message.uri("contact"),
                        sequence: 0,
                    });
                }
                self.respond(&message, "100 Trying", "")?;
                let body = message.body.clone();
                self.asked = Some(message);
                return Ok(body);
            }
            self.other(&message)?;
        }
        Err(Failure::Failed(format!("no INVITE of the phone within {PATIENCE:?}")))
    }

    /// Answers the offer that waits, until the phone has it.
    pub(super) fn answer(&mut self, body: &str) -> Result<(), Failure> {
        let asked = self.asked.take().ok_or_else(|| "nothing was asked".to_owned())?;
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            self.respond(&asked, "200 OK", body)?;
            let again = Instant::now() + AGAIN;
            while Instant::now() < again {
                match self.receive()? {
                    Some(message) if message.what() == "ACK" => return Ok(()),
                    Some(message) if message.what() == "INVITE" => {}
                    Some(message) => self.other(&message)?,
                    None => {}
                }
            }
        }
        Err(Failure::Failed("the phone does not acknowledge the answer".into()))
    }

    /// Ends the call.
    pub(crate) fn hang_up(&mut self) -> Result<(), Failure> {
        let Some(mut dialog) = self.dialog.take() else { return Ok(()) };
        dialog.sequence += 1;
        let branch = self.branch();
        let bye = self.request("BYE", &dialog, &branch, "");
        self.send(&bye)?;
        self.ask("BYE", &bye, Message::is_final).map(drop)
    }

    /// Takes what comes for a moment, in which the phone would hang up if it were not content.
    pub(crate) fn stay(&mut self, time: Duration) -> Result<(), Failure> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            if let Some(message) = self.receive()? {
                self.other(&message)?;
            }
        }
        Ok(())
    }

    fn new_dialog(&mut self) -> Dialog {
        let id = self.branch();
        Dialog {
            id: format!("{id}@{}", self.own),
            local: format!("<{}>;tag={id}", self.uri()),
            remote: format!("<sip:phone@{}>", self.phone),
            target: format!("sip:phone@{}", self.phone),
            sequence: 0,
        }
    }

    /// A word that was not used before.
    fn branch(&mut self) -> String {
        self.count += 1;
        format!("z9hG4bK{}x{}", self.own.port(), self.count)
    }

    fn request(&self, method: &str, dialog: &Dialog, branch: &str, body: &str) -> String {
        let Dialog { id, local, remote, target, sequence } = dialog;
        let own = self.own;
        let mut text = format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {own};rport;branch={branch}\r\n\
             Max-Forwards: 70\r\nFrom: {local}\r\nTo: {remote}\r\nCall-ID: {id}\r\n\
             CSeq: {sequence} {method}\r\nContact: <{}>\r\n",
            self.uri()
        );
        finish(&mut text, body);
        text
    }

    fn respond(&mut self, request: &Message, status: &str, body: &str) -> Result<(), Failure> {
        let mut text = format!("SIP/2.0 {status}\r\n");
        for (name, value) in &request.headers {
            // Names go back as they came: twinkle knows them in one spelling alone.
            let value = match (name.to_ascii_lowercase().as_str(), &self.dialog) {
                ("to", Some(dialog)) if !value.contains("tag=") => &dialog.local,
                ("via" | "from" | "to" | "call-id" | "cseq" | "record-route", _) => value,
                _ => continue,
            };
            text.extend([name, ": ", value, "\r\n"]);
        }
        text.extend(["Contact: <", &self.uri(), ">\r\n"]);
        finish(&mut text, body);
        self.send(&text)
    }

    /// Sends a request that was sent once more until there is a response, and gives the one that is
    /// looked for.
    fn ask(
        &mut self,
        method: &str,
        request: &str,
        is_it: impl Fn(&Message) -> bool,
    ) -> Result<Message, Failure> {
        let end = Instant::now() + PATIENCE;
        let branch = Message::parse(request).map(|request| request.get("via").to_owned());
        let branch = branch.as_deref().and_then(branch_of).unwrap_or_default().to_owned();
        let mut heard = false;
        while Instant::now() < end {
            let again = Instant::now() + AGAIN;
            while Instant::now() < again {
                let Some(message) = self.receive()? else { continue };
                // One to a request before this one may still come.
                let ours = message.is_response() && branch_of(message.get("via")) == Some(&branch);
                if !ours {
                    self.other(&message)?;
                } else if is_it(&message) {
                    return Ok(message);
                } else if message.is_final() {
                    return Err(Failure::Failed(format!("the phone says {}", message.first)));
                }
                heard = true;
            }
            if !heard {
                self.send(request)?;
            }
        }
        Err(Failure::Failed(format!("no answer to {method} within {PATIENCE:?}")))
    }

    /// Something that nobody waits for.
    fn other(&mut self, message: &Message) -> Result<(), Failure> {
        match message.what() {
            "ACK" => Ok(()),
            _ if message.is_response() => Ok(()),
            "BYE" => {
                self.dialog = None;
                self.respond(message, "200 OK", "")?;
                Err(Failure::Failed("the phone hangs up".into()))
            }
            "INVITE" => self.respond(message, "491 Request Pending", ""),
            _ => self.respond(message, "200 OK", ""),
        }
    }

    fn send(&self, text: &str) -> Result<(), Failure> {
        let sent = self.socket.send_to(text.as_bytes(), self.phone);
        sent.map(drop).map_err(|error| Failure::Failed(format!("SIP: {error}")))
    }

    fn receive(&self) -> Result<Option<Message>, Failure> {
        let mut bytes = [0; 16 * 1024];
        match self.socket.recv(&mut bytes) {
            Ok(len) => Ok(Message::parse(&String::from_utf8_lossy(&bytes[..len]))),
            Err(error) => match error.kind() {
                // Nothing yet, or nobody there yet.
                std::io::ErrorKind::WouldBlock
                | std::io::ErrorKind::TimedOut
                | std::io::ErrorKind::ConnectionRefused => Ok(None),
                _ => Err(Failure::Failed(format!("SIP: {error}"))),
            },
        }
    }
}

/// The transaction that a `Via` header belongs to (RFC 3261 §17.1.3).
fn branch_of(via: &str) -> Option<&str> {
    via.split(';').find_map(|parameter| parameter.trim().strip_prefix("branch="))
}

/// Ends the headers and adds the body.
fn finish(text: &mut String, body: &str) {
    if !body.is_empty() {
        text.push_str("Content-Type: application/sdp\r\n");
    }
    text.extend(["Content-Length: ", &body.len().to_string(), "\r\n\r\n", body]);
}
