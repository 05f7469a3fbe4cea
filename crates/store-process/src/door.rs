//! The way to the store's process: a socket over which the server hands it a connection for each call.
//!
//! There is no address, so no other process can connect. A connection of its own for each call lets the
//! socket do the rest: a reader that is slow holds up nobody else, and one that hangs up ends its query.

use std::io;
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::io::retry_on_intr;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

use crate::frame::{self, Frame};

/// Room for one descriptor beside a message, bytes.
const ONE_DESCRIPTOR: usize = rustix::cmsg_space!(ScmRights(1));

/// How long a process may take to accept what is written to it, before it counts as lost.
const WRITE_LIMIT: Duration = Duration::from_secs(10);

/// The server's end.
pub(crate) struct Door(UnixStream);

impl Door {
    /// A door, and the process's end of it.
    pub(crate) fn new() -> io::Result<(Door, OwnedFd)> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_write_timeout(Some(WRITE_LIMIT))?;
        Ok((Door(ours), theirs.into()))
    }

    /// A new connection to the process.
    pub(crate) fn connect(&self) -> io::Result<UnixStream> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_write_timeout(Some(WRITE_LIMIT))?;
        let descriptors = [theirs.as_fd()];
        let mut space = [MaybeUninit::uninit(); ONE_DESCRIPTOR];
        let mut beside = SendAncillaryBuffer::new(&mut space);
        let has_room = beside.push(SendAncillaryMessage::ScmRights(&descriptors));
        debug_assert!(has_room, "the buffer is for one descriptor");
        // A descriptor needs a byte to go beside.
        let message = [IoSlice::new(&[0])];
        retry_on_intr(|| sendmsg(&self.0, &message, &mut beside, SendFlags::NOSIGNAL))?;
        Ok(ours)
    }

    /// What the process says when it has opened the store, or could not.
    pub(crate) fn first_word(&self) -> io::Result<Frame> {
        Frame::read(&mut &self.0)
    }

    /// Lets the process end: no more calls come.
    pub(crate) fn close(&self) {
        // It fails where the process has ended already.
        let _ = self.0.shutdown(Shutdown::Write);
    }
}

/// The next connection, at the process's end. None when the server has closed the door, or is gone.
pub(crate) fn accept(door: &UnixStream) -> io::Result<Option<UnixStream>> {
    let mut space = [MaybeUninit::uninit(); ONE_DESCRIPTOR];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let received = retry_on_intr(|| {
        let mut message = [IoSliceMut::new(&mut byte)];
        recvmsg(door, &mut message, &mut beside, RecvFlags::CMSG_CLOEXEC)
    })?;
    if received.bytes == 0 {
        return Ok(None);
    }
    for message in beside.drain() {
        if let RecvAncillaryMessage::ScmRights(mut descriptors) = message
            && let Some(descriptor) = descriptors.next()
        {
            return Ok(Some(descriptor.into()));
        }
    }
    Err(frame::damaged("a call without a connection"))
}
