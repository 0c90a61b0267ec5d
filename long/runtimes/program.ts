/** The probe as a program, for Node, Bun and Deno: reads the addresses from its first argument and prints the reports. */
import { probe } from "./probe.ts"

console.log(JSON.stringify(await probe(JSON.parse(process.argv[2] ?? "{}"))))
// Connections that are kept for other requests would keep the program running.
process.exit(0)
