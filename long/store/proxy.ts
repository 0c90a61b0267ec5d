/** A proxy in front of a database, which can hang and be slow. */
import { once } from "node:events"
import { connect, createServer, type Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"

export interface Proxy extends AsyncDisposable {
  readonly url: string
  /** Passes nothing on, and ends nothing. */
  hangs: boolean
  /** How long each piece of data is held back, in milliseconds. */
  lag: number
}

/** Starts a proxy on a free port. */
export const startProxy = async (target: string): Promise<Proxy> => {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const pass = async (from: Socket, to: Socket): Promise<void> => {
    try {
      for await (const data of from) {
        await sleep(proxy.lag)
        // oxlint-disable-next-line no-await-in-loop
        while (proxy.hangs) await sleep(10)
        to.write(data)
      }
    } catch {
      // The other end is told by its own end.
    }
    to.destroy()
  }
  const server = createServer((client) => {
    const database = connect(Number(port), hostname)
    for (const socket of [client, database]) sockets.add(socket.on("error", () => undefined))
    void pass(client, database)
    void pass(database, client)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("the proxy has no port")
  const url = new URL(target)
  url.port = String(address.port)
  const proxy: Proxy = {
    url: url.href,
    hangs: false,
    lag: 0,
    [Symbol.asyncDispose]: async () => {
      proxy.hangs = false
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, "close")
    },
  }
  return proxy
}
