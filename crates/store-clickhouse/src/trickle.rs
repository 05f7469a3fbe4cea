//! Reads from a ClickHouse that gives its rows one by one, and never the last.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use annoscope_store::{Backend, Query, RowsRead, StoreError};
use arrow::array::{AsArray, Int64Array, RecordBatch};
use arrow::datatypes::Int64Type;
use arrow::ipc::writer::StreamWriter;

use crate::{ClickHouseStore, engine};

/// What was asked: the address, and the body.
type Asked = (String, String);

/// How long a test waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// What follows the first rows.
#[derive(Clone, Copy)]
enum After {
    Silence,
    Exception,
}

/// A server on a free port: answers a SELECT with rows and then `after`, and everything else but KILL with a failure.
fn serve(after: After) -> (String, Receiver<Asked>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (asked, all_asked) = channel();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let asked = asked.clone();
            thread::spawn(move || answer(connection.unwrap(), &asked, after));
        }
    });
    (url, all_asked)
}

fn answer(mut connection: TcpStream, asked: &Sender<Asked>, after: After) {
    let mut reader = BufReader::new(connection.try_clone().unwrap());
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if line == "\r\n" {
                break;
            }
            head.push(line.to_lowercase());
        }
        let length = head
            .iter()
            .find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.unwrap().trim().parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        let body = String::from_utf8(body).unwrap();
        let is_kill = body.starts_with("KILL");
        let is_endless = body == "SELECT endless";
        let _ = asked.send((head[0].clone(), body));
        if is_endless {
            give_rows(&mut connection, after);
        } else {
            let status = if is_kill { "200 OK" } else { "500 No" };
            write!(connection, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").unwrap();
        }
    }
}

fn give_rows(connection: &mut TcpStream, after: After) {
    let numbers = Int64Array::from(vec![1, 2, 3]);
    let rows = RecordBatch::try_from_iter([("n", std::sync::Arc::new(numbers) as _)]).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &rows.schema()).unwrap();
    writer.write(&rows).unwrap();
    let bytes = writer.get_ref();
    write!(
        connection,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    .unwrap();
    // Cut anywhere.
    for piece in bytes.chunks(100) {
        chunk(connection, piece);
    }
    match after {
        After::Silence => {}
        After::Exception => {
            chunk(
                connection,
                b"Code: 159. DB::Exception: Timeout exceeded. (TIMEOUT_EXCEEDED)\n",
            );
            chunk(connection, b"");
        }
    }
}

fn chunk(connection: &mut TcpStream, bytes: &[u8]) {
    write!(connection, "{:x}\r\n", bytes.len()).unwrap();
    connection.write_all(bytes).unwrap();
    connection.write_all(b"\r\n").unwrap();
}

fn store(url: String) -> ClickHouseStore {
    let mut config = engine::nobody();
    config.urls = vec![url];
    ClickHouseStore::open(&config).unwrap()
}

fn endless() -> Query {
    Query {
        statements: vec!["SELECT endless".to_owned()],
        views: Vec::new(),
        time_limit: Duration::from_mins(1),
        rows: None,
        rows_read: RowsRead::default(),
    }
}

/// The next address and body that fulfil a condition.
fn wait_for(asked: &Receiver<Asked>, is_wanted: impl Fn(&str) -> bool) -> Asked {
    loop {
        let (address, body) = asked.recv_timeout(PATIENCE).unwrap();
        if is_wanted(&body) {
            return (address, body);
        }
    }
}

#[test]
fn rows_come_before_the_end_and_a_read_that_is_dropped_is_killed() {
    let (url, asked) = serve(After::Silence);
    let store = store(url);
    let mut rows = store.query(endless()).unwrap();
    let first = rows.blocking_next().unwrap().unwrap();
    let numbers = first.column(0).as_primitive::<Int64Type>();
    assert_eq!(numbers.values().to_vec(), [1, 2, 3]);
    let (address, _) = wait_for(&asked, |body| body == "SELECT endless");
    let id = address.split("query_id=").nth(1).unwrap();
    let id = id.split('&').next().unwrap();
    drop(rows);
    let (_, kill) = wait_for(&asked, |body| body.starts_with("KILL"));
    assert_eq!(kill, format!("KILL QUERY WHERE query_id = '{id}' ASYNC"));
}

#[test]
fn a_read_ends_with_the_store() {
    let (url, asked) = serve(After::Silence);
    let store = store(url);
    let mut rows = store.query(endless()).unwrap();
    rows.blocking_next().unwrap().unwrap();
    store.close();
    let ended = rows.blocking_next().unwrap();
    assert!(matches!(ended, Err(StoreError::Interrupted)), "{ended:?}");
    wait_for(&asked, |body| body.starts_with("KILL"));
}

/// ClickHouse has begun an answer of 200 then.
#[test]
fn what_ends_an_answer_is_read_from_it() {
    let (url, _asked) = serve(After::Exception);
    let store = store(url);
    let mut rows = store.query(endless()).unwrap();
    rows.blocking_next().unwrap().unwrap();
    let failed = rows.blocking_next().unwrap();
    let limit = Duration::from_mins(1);
    assert!(
        matches!(failed, Err(StoreError::TimedOut { limit: found }) if found == limit),
        "{failed:?}"
    );
    assert!(rows.blocking_next().is_none());
}
