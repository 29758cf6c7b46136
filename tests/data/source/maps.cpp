// Containers that are looked up in: ordered and hashed maps, and a set.
#include <map>
#include <set>
#include <string>
#include <unordered_map>

template void std::string::__init(const char *, std::size_t); // the library has these compiled already
template std::string::~basic_string();
std::size_t std::__next_prime(std::size_t n) { return n < 5 ? 5 : n < 11 ? 11 : n < 23 ? 23 : n < 97 ? 97 : 997; }

extern "C" int memcmp(const void *one, const void *other, std::size_t size) {
  auto a = static_cast<const unsigned char *>(one), b = static_cast<const unsigned char *>(other);
  for (; size; size--, a++, b++)
    if (*a != *b)
      return *a - *b;
  return 0;
}

struct Place {
  double x, y;
};

static int sum_of(const std::map<int, Place> &squares) {
  int sum = 0;
  for (const auto &entry : squares) {
    sum += entry.second.y;
  }
  return sum;
}

extern "C" int run(int seed) {
  std::map<int, Place> squares, empty;
  for (int i = 9; i > 0; i -= 2) {
    squares[i * seed] = {double(i), double(i * i)};
  }
  std::map<std::string, int> ages;
  ages["bob"] = 30;
  ages["ada, countess of Lovelace"] = 36;
  std::set<char> letters = {'c', 'a', 'b'};
  std::unordered_map<int, std::string> words;
  words.emplace(7, "seven");
  words.emplace(3, "three");
  int sum = sum_of(squares);
  sum += ages.size() + letters.size() + words.size() + empty.size();
  return sum;
}
