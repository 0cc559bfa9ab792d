// bench_ask DIR: commands from standard input, a line each ("agent ready b0001"), asked in batches as `pasokh` does it. So a bench
// can make 5,000 agents ready without 5,000 processes.
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>

#include "switchboard/commands.h"

int main(int argc, char** argv) {
  if (argc != 2) return std::fputs("usage: bench_ask DIR <commands\n", stderr), 2;
  using pasokh::switchboard::Command;
  pasokh::switchboard::Commands batch;
  auto flush = [&] {
    if (batch.empty()) return true;
    const auto reply = pasokh::switchboard::ask_centre(argv[1], batch);
    if (!reply.ok) std::fprintf(stderr, "%s (%s)\n", reply.text.c_str(), reply.code.c_str());
    batch.clear();
    return reply.ok;
  };
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    Command command;
    words >> command.noun >> command.verb >> command.target;
    for (std::string word; words >> word;)
      if (const auto equals = word.find('='); equals != word.npos) command.settings[word.substr(0, equals)] = word.substr(equals + 1);
    batch.push_back(std::move(command));
    if (batch.size() == 500 && !flush()) return 1;
  }
  return flush() ? 0 : 1;
}
