/** A forwarder between a client and a server, as a proxy or a tunnel is, which can fall silent. */
import { once } from "node:events"
import { connect, createServer, type Socket } from "node:net"

export interface Forwarder extends AsyncDisposable {
  readonly port: number
  /** From now on, passes nothing on over the connections that are open, and keeps them open. */
  readonly silence: () => void
}

export const makeForwarder = async (to: number): Promise<Forwarder> => {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    const target = connect(to, "127.0.0.1")
    for (const [one, other] of [
      [socket, target],
      [target, socket],
    ] as const) {
      sockets.add(one)
      one.on("error", () => other.destroy()).on("close", () => other.destroy())
      one.pipe(other)
    }
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  return {
    port: address !== null && typeof address === "object" ? address.port : 0,
    silence: () => {
      for (const socket of sockets) socket.unpipe().pause()
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, "close")
    },
  }
}
