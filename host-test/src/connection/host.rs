//! What a test does with connections through the host: the same as on a worker, and afterwards
//! everything that follows on other threads.

use super::{
    By, Connect, ConnectError, ConnectionId, ConnectionView, Gone, Request, Response, StreamId,
    StreamView,
};
use crate::{Host, Worker};

impl Host {
    /// Accepts a connection on a worker; see [`Worker::connect`].
    pub fn connect(
        &mut self,
        worker: usize,
        connect: Connect,
    ) -> Result<ConnectionId, ConnectError> {
        let accepting = self.workers_mut().get_mut(worker);
        let connected = accepting
            .ok_or(ConnectError::NoWorker(worker))?
            .connect(connect);
        self.settle();
        connected
    }

    /// The client sends bytes; see [`Worker::send`].
    pub fn send(&mut self, id: ConnectionId, bytes: &[u8]) -> Result<(), Gone> {
        self.on_connection(id, |worker| worker.send(id, bytes))
    }

    /// The client sends bytes and ends its half; see [`Worker::send_last`].
    pub fn send_last(&mut self, id: ConnectionId, bytes: &[u8]) -> Result<(), Gone> {
        self.on_connection(id, |worker| worker.send_last(id, bytes))
    }

    /// The client ends its half; see [`Worker::half_close`].
    pub fn half_close(&mut self, id: ConnectionId) -> Result<(), Gone> {
        self.on_connection(id, |worker| worker.half_close(id))
    }

    /// One side closes; see [`Worker::close`].
    pub fn close(&mut self, id: ConnectionId, by: By) -> Result<(), Gone> {
        self.on_connection(id, |worker| worker.close(id, by))
    }

    /// The client resets; see [`Worker::reset`].
    pub fn reset(&mut self, id: ConnectionId) -> Result<(), Gone> {
        self.on_connection(id, |worker| worker.reset(id))
    }

    /// An upstream sends bytes; see [`Worker::upstream_send`].
    pub fn upstream_send(&mut self, id: ConnectionId, bytes: &[u8]) -> Result<(), Gone> {
        self.on_connection(id, |worker| worker.upstream_send(id, bytes))
    }

    /// An upstream ends its half; see [`Worker::upstream_close`].
    pub fn upstream_close(&mut self, id: ConnectionId) -> Result<(), Gone> {
        self.on_connection(id, |worker| worker.upstream_close(id))
    }

    /// The client sends a request; see [`Worker::request`].
    pub fn request(&mut self, id: ConnectionId, request: &Request) -> Result<StreamId, Gone> {
        self.on_connection(id, |worker| worker.request(id, request))
    }

    /// The client sends more of a request; see [`Worker::request_data`].
    pub fn request_data(&mut self, id: StreamId, bytes: &[u8], is_end: bool) -> Result<(), Gone> {
        self.on_stream(id, |worker| worker.request_data(id, bytes, is_end))
    }

    /// The client ends a request with trailers; see [`Worker::request_trailers`].
    pub fn request_trailers(
        &mut self,
        id: StreamId,
        trailers: &[(String, Vec<u8>)],
    ) -> Result<(), Gone> {
        self.on_stream(id, |worker| worker.request_trailers(id, trailers))
    }

    /// The client gives a request up; see [`Worker::request_reset`].
    pub fn request_reset(&mut self, id: StreamId) -> Result<(), Gone> {
        self.on_stream(id, |worker| worker.request_reset(id))
    }

    /// The upstream answers; see [`Worker::respond`].
    pub fn respond(&mut self, id: StreamId, response: Response) -> Result<(), Gone> {
        self.on_stream(id, |worker| worker.respond(id, response))
    }

    /// The upstream closes; see [`Worker::upstream_reset`].
    pub fn upstream_reset(&mut self, id: StreamId) -> Result<(), Gone> {
        self.on_stream(id, |worker| worker.upstream_reset(id))
    }

    /// What upstreams answer to every whole request; see [`Worker::set_default_response`].
    pub fn set_default_response(&mut self, response: Option<&Response>) {
        for worker in self.workers_mut() {
            worker.set_default_response(response.cloned());
        }
    }

    /// What has become of a connection; see [`Worker::connection`].
    pub fn connection(&self, id: ConnectionId) -> Result<ConnectionView, Gone> {
        let worker = self.worker(id.worker).ok_or(Gone::Connection(id.id))?;
        worker.connection(id)
    }

    /// The streams of a connection; see [`Worker::streams`].
    pub fn streams(&self, id: ConnectionId) -> Result<Vec<StreamId>, Gone> {
        let worker = self.worker(id.worker).ok_or(Gone::Connection(id.id))?;
        worker.streams(id)
    }

    /// What has become of a stream; see [`Worker::stream`].
    pub fn stream(&self, id: StreamId) -> Result<StreamView, Gone> {
        let worker = self.worker(id.worker).ok_or(Gone::Stream(id.id))?;
        worker.stream(id)
    }

    fn on_connection<T>(
        &mut self,
        id: ConnectionId,
        act: impl FnOnce(&mut Worker) -> Result<T, Gone>,
    ) -> Result<T, Gone> {
        let worker = self.workers_mut().get_mut(id.worker);
        let done = act(worker.ok_or(Gone::Connection(id.id))?);
        self.settle();
        done
    }

    fn on_stream<T>(
        &mut self,
        id: StreamId,
        act: impl FnOnce(&mut Worker) -> Result<T, Gone>,
    ) -> Result<T, Gone> {
        let worker = self.workers_mut().get_mut(id.worker);
        let done = act(worker.ok_or(Gone::Stream(id.id))?);
        self.settle();
        done
    }
}
