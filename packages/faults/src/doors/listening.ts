/** A server on raw sockets. */
import { Effect, type Scope } from "effect"
import { createServer, type Server, type Socket } from "node:net"

export interface Listening {
  readonly port: number
  /** Ends every connection and waits until the clients have ended them, too. */
  readonly settle: Effect.Effect<void>
}

/** Listens on a free port of the loopback interface. */
export const listening = (
  onConnection: (socket: Socket) => void,
): Effect.Effect<Listening, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<{ readonly server: Server; readonly open: Set<Socket> }>((resume) => {
        const open = new Set<Socket>()
        const server = createServer((socket) => {
          open.add(socket)
          socket.once("close", () => open.delete(socket))
          socket.on("error", () => socket.destroy())
          onConnection(socket)
        })
        server.listen({ port: 0, host: "127.0.0.1", backlog: 1024 }, () =>
          resume(Effect.succeed({ server, open })),
        )
      }),
      ({ open, server }) =>
        Effect.callback<void>((resume) => {
          for (const socket of open) socket.destroy()
          server.close(() => resume(Effect.void))
        }),
    ),
    ({ open, server }) => {
      const address = server.address()
      return {
        port: typeof address === "object" && address !== null ? address.port : 0,
        settle: Effect.callback<void>((resume) => {
          const look = () => {
            if (open.size === 0) {
              resume(Effect.void)
              return
            }
            for (const socket of open) if (!socket.writableEnded) socket.end()
            setImmediate(look)
          }
          look()
        }),
      }
    },
  )
