#include "storage/contacts.h"

#include "storage/question.h"

namespace pasokh::storage {
namespace {

using office::contacts::Contact;

constexpr std::string_view columns = "select id, name, organisation, note from contact ";
constexpr std::string_view numbers_sql = "select number, label from contact_number where contact = $1 order by n";
constexpr std::string_view insert_sql = "insert into contact(name, organisation, note, sort_key, changed_at) values ($1, $2, $3, $4, $5) returning id";
constexpr std::string_view update_sql = "update contact set name = $1, organisation = $2, note = $3, sort_key = $4, changed_at = $5 where id = $6";
constexpr std::string_view delete_sql = "delete from contact where id = $1";
constexpr std::string_view insert_number_sql = "insert into contact_number(contact, n, number, label, key) values ($1, $2, $3, $4, $5)";
constexpr std::string_view delete_numbers_sql = "delete from contact_number where contact = $1";
constexpr std::string_view insert_search_sql = "insert into contact_search(rowid, text) values ($1, $2)";
constexpr std::string_view delete_search_sql = "delete from contact_search where rowid = $1";

Contact contact_from(const Statement& row) {
  return {.id = row.integer(0), .name = std::string(row.text(1)), .organisation = std::string(row.text(2)), .note = std::string(row.text(3)), .numbers = {}};
}

Trouble unknown(std::int64_t id) { return trouble("contact-unknown", "there is no contact " + std::to_string(id)); }

}  // namespace

Result<> Contacts::read_numbers(Contact& contact) {
  TRY(numbers, database_.prepare(numbers_sql));
  return numbers.each([&](Statement& row) { contact.numbers.push_back({std::string(row.text(0)), std::string(row.text(1))}); }, contact.id);
}

Result<std::vector<Contact>> Contacts::list(const Asked& asked) {
  Question question(std::string(columns) + "where 1 = 1");
  if (asked.after) question.add(" and (sort_key, id) > (select sort_key, id from contact where id = ", asked.after, ")");  // contact_by_name
  question.add_words("id", "contact_search", office::contacts::words_of_search(asked.search));
  if (!asked.number.empty())                                                                                               // contact_number_by_key
    question.add(" and id in (select contact from contact_number where key = ", office::contacts::number_key(asked.number), ")");
  question.add(" order by sort_key, id limit ", asked.limit);
  std::vector<Contact> found;
  TRY_DONE(question.each(database_, [&](Statement& row) { found.push_back(contact_from(row)); }));
  for (Contact& contact : found) TRY_DONE(read_numbers(contact));
  return found;
}

Result<std::optional<Contact>> Contacts::find(std::int64_t id) {
  std::optional<Contact> found;
  TRY(select, database_.prepare(std::string(columns) + "where id = $1"));
  TRY_DONE(select.each([&](Statement& row) { found = contact_from(row); }, id));
  if (found) TRY_DONE(read_numbers(*found));
  return found;
}

Result<std::int64_t> Contacts::save(const Contact& contact, Instant now) {
  std::int64_t id = contact.id;
  if (id == 0) {
    TRY(insert, database_.prepare(insert_sql));
    TRY(added, insert.number(contact.name, contact.organisation, contact.note, office::contacts::sort_key(contact), now.us));
    id = added.value_or(0);
  } else {
    TRY(update, database_.prepare(update_sql));
    TRY_DONE(update.run(contact.name, contact.organisation, contact.note, office::contacts::sort_key(contact), now.us, id));
    if (database_.changes() == 0) return unknown(id);
  }
  for (const auto sql : {delete_numbers_sql, delete_search_sql}) {
    TRY(clear, database_.prepare(sql));
    TRY_DONE(clear.run(id));
  }
  TRY(insert_number, database_.prepare(insert_number_sql));
  for (std::size_t n = 0; n < contact.numbers.size(); ++n)
    TRY_DONE(insert_number.run(id, n, contact.numbers[n].number, contact.numbers[n].label, office::contacts::number_key(contact.numbers[n].number)));
  TRY(insert_search, database_.prepare(insert_search_sql));
  TRY_DONE(insert_search.run(id, office::contacts::found_by(contact)));
  return id;
}

Result<> Contacts::remove(std::int64_t id) {
  for (const auto sql : {delete_numbers_sql, delete_search_sql}) {
    TRY(clear, database_.prepare(sql));
    TRY_DONE(clear.run(id));
  }
  TRY(remove, database_.prepare(delete_sql));
  TRY_DONE(remove.run(id));
  if (database_.changes() == 0) return unknown(id);
  return Done{};
}

}  // namespace pasokh::storage
