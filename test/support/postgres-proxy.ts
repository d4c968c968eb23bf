import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** What becomes of one message to the server: passed on, the connection cut before it, or cut after it was passed on and `after` is over. */
export type Passage = "pass" | "cut" | { readonly after: () => Promise<unknown> };

export interface PostgresProxy {
  readonly port: number;
  /** New connections are refused, and old ones are cut. */
  goDown(): void;
  /** New connections are taken again. */
  comeBack(): void;
  close(): Promise<void>;
}

/** A TCP proxy before a PostgreSQL server without TLS. A decision that takes its time holds the message back. */
export async function startPostgresProxy(
  upstreamPort: number,
  decide: (message: string) => Passage | Promise<Passage>,
): Promise<PostgresProxy> {
  const sockets = new Set<Socket>();
  let isDown = false;
  const server = createServer((client) => {
    if (isDown) return void client.destroy();
    const upstream = connect(upstreamPort, "127.0.0.1");
    const cut = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", cut);
      socket.on("close", () => {
        sockets.delete(socket);
        cut();
      });
    }
    upstream.pipe(client);
    let earlier: Promise<void> = Promise.resolve();
    client.on("data", (chunk: Buffer) => {
      earlier = earlier.then(() => pass(chunk));
    });
    const pass = async (chunk: Buffer): Promise<void> => {
      const passage = await decide(chunk.toString("latin1"));
      if (passage === "cut") return cut();
      if (passage === "pass") return void upstream.write(chunk);
      upstream.unpipe(client);
      upstream.write(chunk);
      await passage.after();
      cut();
    };
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const goDown = (): void => {
    isDown = true;
    for (const socket of sockets) socket.destroy();
  };
  const comeBack = (): void => {
    isDown = false;
  };
  const close = async (): Promise<void> => {
    goDown();
    server.close();
    await once(server, "close");
  };
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { port, goDown, comeBack, close };
}
