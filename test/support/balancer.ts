import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** Passes each new connection on to the next of several servers, as a load balancer does. */
export async function balance(
  ports: readonly number[],
): Promise<{ port: number; close: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  let next = 0;
  const server = createServer((client) => {
    const upstream = connect(ports[next++ % ports.length] ?? 0, "127.0.0.1");
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  };
  return { port: typeof address === "object" && address !== null ? address.port : 0, close };
}
