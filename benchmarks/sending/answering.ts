/**
 * A server that answers each request at once, with as little work as possible: 400 with a problem document under
 * `/rejecting`, and 204 elsewhere.
 */
import { createServer, type Socket } from "node:net"

const problem = JSON.stringify({ status: 400, title: "Bad Request", detail: "Template not found" })

const accepting = Buffer.from("HTTP/1.1 204 No Content\r\n\r\n")

const rejecting = Buffer.from(
  "HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\n" +
    `content-length: ${problem.length}\r\n\r\n${problem}`,
)

/** Answers the requests of a connection. Nobody here sends a chunked body, or a request before the last was answered. */
const answer = (socket: Socket): void => {
  let received = ""
  socket.setEncoding("latin1")
  socket.on("error", () => socket.destroy())
  socket.on("data", (text: string) => {
    received += text
    const head = received.indexOf("\r\n\r\n")
    if (head < 0) return
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(received)?.[1] ?? 0)
    if (received.length < head + 4 + length) return
    socket.write(received.startsWith("POST /rejecting") ? rejecting : accepting)
    received = ""
  })
}

/** Starts the server on loopback. Returns its base URL. */
export const startServer = (): Promise<string> =>
  new Promise((resolve) => {
    const server = createServer({ noDelay: true }, answer)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = address !== null && typeof address === "object" ? address.port : 0
      resolve(`http://127.0.0.1:${port}`)
    })
  })
