import bundled from "@sparticuz/chromium"
import { chromium } from "playwright-core"
import { createServer } from "node:http"
import { readFileSync } from "node:fs"
import { extname } from "node:path"
const types={".html":"text/html; charset=utf-8",".js":"text/javascript",".css":"text/css",".svg":"image/svg+xml"}
const server=createServer((q,r)=>{let p=new URL(q.url,"http://x").pathname; if(p.endsWith("/"))p+="index.html";try{const c=readFileSync("/tmp/dist25"+p.slice("/effect-sent".length));r.setHeader("content-type",types[extname(p)]??"application/octet-stream");r.end(c)}catch{r.writeHead(404).end()}})
await new Promise(r=>server.listen(0,"127.0.0.1",r))
const o=`http://127.0.0.1:${server.address().port}/effect-sent/`
const b=await chromium.launch({executablePath:await bundled.executablePath()})
const page=await b.newPage({viewport:{width:1280,height:1000},colorScheme:process.argv[4]??"light"})
page.on("console",m=>console.log(m.type(),m.text()))
page.on("pageerror",e=>console.log("ERR",String(e).slice(0,600)))
for (const f of process.argv[2].split(",")) {
await page.goto(o+f,{waitUntil:"load"}); await page.waitForTimeout(4000)
console.log(f, await page.evaluate(()=>[document.querySelectorAll("pre.diagram").length,document.querySelectorAll("div.diagram").length]))
if(process.argv[3]) await page.evaluate(()=>document.querySelector(".diagram,.vp-doc img")?.scrollIntoView()); await page.screenshot({path:process.argv[3],fullPage:process.argv[5]==="full"})
}
await b.close();server.close()
