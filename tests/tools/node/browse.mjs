// Looks at pages as a reader does, in Chromium, and tells what it saw: orders are a JSON file, the answer is JSON.
//
// A look is {name, path, width, height, scheme, search, audit}: `search` is typed and sent by the keyboard alone. Pages get
// no scripts, but where `audit` has them examined by axe, which is one.

import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const orders = JSON.parse(readFileSync(process.argv[2], "utf8"));
const axe = readFileSync(orders.axe, "utf8");
const browser = await chromium.launch({
  executablePath: orders.chromium,
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
  ],
});

async function search(page, text) {
  for (let presses = 0; presses < 10; presses += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement.id === "account")) break;
  }
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  await page.keyboard.type(text);
  await Promise.all([page.waitForEvent("load"), page.keyboard.press("Enter")]);
  return outline;
}

async function look(order) {
  const context = await browser.newContext({
    viewport: { width: order.width ?? 1280, height: order.height ?? 900 },
    colorScheme: order.scheme ?? "light",
    javaScriptEnabled: order.audit ?? false,
    httpCredentials: { username: "anybody", password: orders.token },
  });
  const page = await context.newPage();
  const seen = { name: order.name, console: [], requests: [] };
  page.on("console", (message) => seen.console.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => seen.console.push(`pageerror: ${error}`));
  page.on("request", (request) => seen.requests.push(request.url()));
  page.setDefaultTimeout(20_000);
  const answer = await page.goto(orders.url + order.path);
  seen.status = answer.status();
  if (order.search) seen.outline = await search(page, order.search);
  seen.title = await page.title();
  seen.headings = await page.locator("h1").allInnerTexts();
  seen.text = await page.locator("main").innerText();
  seen.wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (order.audit) await audit(page, seen);
  if (orders.shots) await page.screenshot({ path: `${orders.shots}/${order.name}.png`, fullPage: true });
  await context.close();
  return seen;
}

async function audit(page, seen) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  }));
  seen.violations = found.violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join(" | ")}`);
  seen.passes = found.passes.map((each) => each.id);
}

try {
  const looks = [];
  for (const order of orders.looks) looks.push(await look(order));
  console.log(JSON.stringify(looks));
} finally {
  await browser.close();
}
