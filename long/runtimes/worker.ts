/** The probe as a worker, for workerd: a request brings the addresses, and its response the reports. */
import { probe } from "./probe.ts"

export default {
  fetch: async (request: Request): Promise<Response> =>
    Response.json(await probe(JSON.parse(await request.text()))),
}
