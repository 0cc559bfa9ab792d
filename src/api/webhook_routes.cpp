// Webhooks: what other systems are told of calls. Delivery is the outbox's business.
#include <algorithm>
#include <charconv>

#include "api/routes.h"
#include "api/secrets.h"
#include "api/services.h"
#include "api/webhooks.h"
#include "outbox/store.h"

namespace pasokh::api {
namespace {

using access::Permission;

constexpr std::size_t webhooks_max = 20;

struct NewWebhook {
  static constexpr auto schema_name = "NewWebhook";
  std::string url;
  std::vector<std::string> events;
  PASOKH_FIELDS(url, events)
};
struct WebhookMade {
  static constexpr auto schema_name = "WebhookMade";
  std::string id, secret;              // the secret is told only now
  PASOKH_FIELDS(id, secret)
};
struct WebhookView {
  static constexpr auto schema_name = "Webhook";
  std::string id, url;
  std::vector<std::string> events;
  std::string made_by;
  Instant made;
  std::int64_t waiting = 0, given_up = 0, failures = 0;  // failures: in a row
  std::optional<Instant> next_try;
  std::string last_error;
  PASOKH_FIELDS(id, url, events, made_by, made, waiting, given_up, failures, next_try, last_error)
};

void nudge(Call& call) {
  const auto& of = call.services.hooks().outbox;
  if (auto* const outbox = of ? of() : nullptr) outbox->nudge();
}

Result<std::vector<WebhookView>> list(Call& call, const Nothing&) {
  TRY(store, outbox::Store::open(call.services.dir()));
  TRY(hooks, store.webhooks());
  std::vector<WebhookView> views;
  for (const auto& hook : hooks) {
    TRY(waiting, store.waiting(hook.id));
    TRY(lost, store.lost(hook.id));
    views.push_back({std::to_string(hook.id), hook.url, hook.events, hook.made_by, hook.made, waiting, static_cast<std::int64_t>(lost.size()), hook.failures,
                     hook.failures > 0 ? std::optional(hook.not_before) : std::nullopt, hook.last_error});
  }
  return views;
}

Result<WebhookMade> add(Call& call, const NewWebhook& body) {
  TRY(to, outbox::parse_url(body.url));
  TRY_DONE(outbox::allowed(to, call.services.hooks().webhook_hosts));
  const auto& known = outbox::event_names();
  if (body.events.empty()) return trouble("event-unknown", "events: expected at least one");
  for (const auto& event : body.events)
    if (std::find(known.begin(), known.end(), event) == known.end()) return trouble("event-unknown", "there is no event \"" + event + "\"");
  TRY(store, outbox::Store::open(call.services.dir()));
  TRY(hooks, store.webhooks());
  if (hooks.size() >= webhooks_max) return trouble("webhooks-many", "");
  TRY(master, call.services.master_key());
  const std::string secret = "whsec_" + new_token();
  TRY(id, store.add({.url = body.url, .events = body.events, .sealed_secret = master.seal_secret(webhook_purpose(call.now.us), secret), .made_by = call.who().login, .made = call.now,
                     .not_before = {}, .last_error = {}}));
  nudge(call);
  return WebhookMade{std::to_string(id), secret};
}

Result<Nothing> remove(Call& call, const Nothing&) {
  const std::string text = call.at("webhook");
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size()) return trouble("webhook-unknown", "");
  TRY(store, outbox::Store::open(call.services.dir()));
  TRY(removed, store.remove(id));
  if (!removed) return trouble("webhook-unknown", "");
  return Nothing{};
}

}  // namespace

std::vector<Route> webhook_routes() {
  std::vector<Route> rows;
  rows.push_back(route<Nothing, std::vector<WebhookView>>({.operation = "webhook_list", .method = "GET", .path = "/v1/webhooks", .says = "Webhooks, and how their delivery goes",
      .permission = Permission::manage_webhooks}, list));
  rows.push_back(route<NewWebhook, WebhookMade>({.operation = "webhook_add", .method = "POST", .path = "/v1/webhooks",
      .says = "Tell another system of call.arrived, call.offered (with agent and contact: a screen pop), call.answered, call.ended, recording.finished, report.completed, alarm.raised, alarm.cleared. Each message is a POST of {event, at, data} with the headers "
              "Pasokh-Event, Pasokh-Delivery (the same over all tries: what was seen is to be ignored), Pasokh-Attempt, and Pasokh-Signature t=TIME,v1=HEX, which is HMAC-SHA256 of "
              "\"TIME.BODY\" under the secret. Any 2xx is a receipt; anything else is tried again for a day. Only hosts named in pasokh.toml; redirects are not followed.",
      .permission = Permission::manage_webhooks, .faults = {"url-bad", "host-not-allowed", "https-only", "event-unknown", "webhooks-many"}}, add));
  rows.push_back(route<Nothing, Nothing>({.operation = "webhook_remove", .method = "DELETE", .path = "/v1/webhooks/{webhook}", .says = "Tell it no more; what waits is dropped",
      .permission = Permission::manage_webhooks, .faults = {"webhook-unknown"}}, remove));
  return rows;
}

}  // namespace pasokh::api
