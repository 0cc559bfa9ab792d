// Click to call from other systems' pages: they open /embed/call?number=… in a window; the agent, signed in to the console, presses the
// button there. No other page can press it (frames are forbidden, and the cookie goes with our own pages only). docs/api/embedding.md
#include "api/routes.h"

namespace pasokh::api {
namespace {

constexpr std::string_view page_text = R"html(<!doctype html>
<html lang="fa" dir="rtl">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>پاسخ: تماس</title><link rel="stylesheet" href="/start.css"></head>
<body><main>
<h1><bdi dir="ltr" id="number"></bdi></h1>
<p><button id="call" type="button">تماس بگیر · Call</button></p>
<p id="told" role="status"></p>
<p id="way" hidden><a href="/app/sign-in" target="_blank">ورود به پاسخ · Sign in</a></p>
<script src="/embed/call.js"></script>
</main></body></html>
)html";

constexpr std::string_view script_text = R"js('use strict';
const number = new URLSearchParams(location.search).get('number') || '';
const told = document.getElementById('told'), button = document.getElementById('call');
document.getElementById('number').textContent = number;
button.disabled = !number;
if (!number) told.textContent = 'نشانی شماره‌ای ندارد · The address names no number: /embed/call?number=…';
button.addEventListener('click', async () => {
  button.disabled = true;
  try {
    const answer = await fetch('/v1/desk/dial', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Pasokh': '1' }, body: JSON.stringify({ number }) });
    if (answer.ok) { told.textContent = 'تلفن شما زنگ می‌زند · Your phone rings'; setTimeout(() => window.close(), 1500); return; }
    const why = answer.status === 401 ? { message_fa: 'نخست در پاسخ وارد شوید.', message: 'Please sign in to Pasokh first.' } : await answer.json();
    document.getElementById('way').hidden = answer.status !== 401;
    told.textContent = why.message_fa + ' · ' + why.message;
  } catch (failure) {
    told.textContent = 'سامانه پاسخ نمی‌دهد · The server does not answer';
  }
  button.disabled = false;
});
)js";

Result<Whole> page(Call&, const Nothing&) { return Whole{{.type = "text/html; charset=utf-8", .body = std::string(page_text)}}; }
Result<Whole> script(Call&, const Nothing&) { return Whole{{.type = "text/javascript; charset=utf-8", .body = std::string(script_text)}}; }

}  // namespace

std::vector<Route> embed_routes() {
  std::vector<Route> rows;
  rows.push_back(route<Nothing, Whole>({.operation = "embed_call", .method = "GET", .path = "/embed/call", .says = "A small page that calls a number at the agent's own desk, for links in other systems",
      .query = {{"number", "however it is written"}}, .answer_type = "text/html"}, page));
  rows.push_back(route<Nothing, Whole>({.operation = "embed_script", .method = "GET", .path = "/embed/call.js", .says = "Its script", .answer_type = "text/javascript"}, script));
  return rows;
}

}  // namespace pasokh::api
