/** Free ports, for programs that cannot choose one themselves. */
import { once } from "node:events"
import { createServer } from "node:net"

/** A port of the loopback interface that nothing listens on. */
export const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, "127.0.0.1")
  await once(probe, "listening")
  const address = probe.address()
  const closed = once(probe, "close")
  probe.close()
  await closed
  if (address === null || typeof address === "string") throw new Error("no free port")
  return address.port
}
