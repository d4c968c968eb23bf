import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";

/** What the proxy does with one request: pass it, cut the answer after so many bytes, answer itself, or never answer. */
export type Fault =
  | "pass"
  /** The server takes the request and does it; its answer is lost. */
  | "lose-answer"
  /** The connection ends before anything reached the server. */
  | "refuse"
  | { readonly cutAfterBytes: number }
  | { readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> };

export interface FaultProxy {
  readonly endpoint: string;
  /** Every request that came, `GET /bucket/key?query`. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** An HTTP proxy in front of a real server, for faults that no real server has on demand. Signed requests stay valid: it keeps the Host header. */
export async function startFaultProxy(
  upstream: string,
  decide: (line: string, headers: IncomingMessage["headers"]) => Fault,
): Promise<FaultProxy> {
  const requests: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const line = `${incoming.method} ${incoming.url}`;
    requests.push(line);
    handle(upstream, decide(line, incoming.headers), incoming, outgoing);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { endpoint: `http://127.0.0.1:${port}`, requests, close: () => close(server) };
}

function handle(upstream: string, fault: Fault, incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (fault === "refuse") {
    incoming.socket.destroy();
    return;
  }
  if (typeof fault === "object" && "status" in fault) {
    incoming
      .resume()
      .on("end", () =>
        outgoing
          .writeHead(fault.status, { date: new Date().toUTCString(), ...fault.headers })
          .end(fault.body),
      );
    return;
  }
  const { host, port } = new URL(upstream);
  const options = {
    host: host.split(":")[0],
    port,
    method: incoming.method,
    path: incoming.url,
    headers: incoming.headers,
  };
  const forwarded = request(options, (answer) => {
    if (fault === "lose-answer") {
      answer.resume().on("end", () => incoming.socket.destroy());
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    if (fault === "pass") {
      answer.pipe(outgoing);
      return;
    }
    let left = fault.cutAfterBytes;
    answer.on("data", (chunk: Buffer) => {
      if (left > 0) outgoing.write(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) setImmediate(() => incoming.socket.destroy());
    });
    answer.on("end", () => outgoing.end());
  });
  forwarded.on("error", () => incoming.socket.destroy());
  outgoing.on("close", () => forwarded.destroy());
  incoming.pipe(forwarded);
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
}
