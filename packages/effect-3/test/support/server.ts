/** A server on loopback that answers as the test says. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

export interface Server extends AsyncDisposable {
  readonly baseUrl: string
  readonly requests: Array<IncomingMessage>
}

export const startServer = (
  answer: (request: IncomingMessage, response: ServerResponse, count: number) => void,
): Promise<Server> =>
  new Promise((resolve) => {
    const requests: Array<IncomingMessage> = []
    const server = createServer((request, response) => {
      requests.push(request)
      request.resume()
      request.once("end", () => answer(request, response, requests.length))
    })
    server.listen(0, "127.0.0.1", () => {
      // It listens on TCP.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const { port } = server.address() as AddressInfo
      resolve({
        baseUrl: `http://127.0.0.1:${port}`,
        requests,
        [Symbol.asyncDispose]: () =>
          new Promise((closed) => {
            server.close(() => closed())
            server.closeAllConnections()
          }),
      })
    })
  })
