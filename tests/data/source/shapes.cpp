// Classes, references, templates and the standard library's containers.
#include <memory>
#include <optional>
#include <string>
#include <vector>

template void std::string::__init(const char *, std::size_t); // the library has these compiled already
template std::string::~basic_string();

namespace geometry {

enum class Kind : unsigned char { Circle, Square = 4 };

struct Shape {
  Shape(const char *name, Kind kind) : name(name), kind(kind) {}
  virtual double area() const = 0;
  std::string name;
  Kind kind;
};

struct Circle : Shape {
  explicit Circle(double radius) : Shape("circle", Kind::Circle), radius(radius) {}
  double area() const override { return 3.0 * radius * radius; }
  double radius;
};

struct Square : Shape {
  explicit Square(int side) : Shape("a square whose name is too long to be held inline", Kind::Square), side(side) {}
  double area() const override { return side * side; }
  int side;
};

template <typename T> struct Pair {
  T first, second;
  T larger() const { return first < second ? second : first; }
};

int Limit = 12;

} // namespace geometry

static double total(const std::vector<geometry::Shape *> &shapes) {
  double sum = 0;
  for (const geometry::Shape *shape : shapes) {
    double part = shape->area();
    sum += part;
  }
  return sum;
}

static int count_vowels(const std::string &text, int &vowels) {
  int letters = 0;
  for (char c : text) {
    if (c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u')
      vowels++;
    letters++;
  }
  return letters;
}

extern "C" double run(int seed) {
  geometry::Circle circle(2.0);
  geometry::Square square(3);
  std::vector<geometry::Shape *> shapes = {&circle, &square};
  std::vector<int> numbers = {1, 2, 3, 5, seed};
  std::vector<geometry::Pair<int>> pairs = {{1, 2}, {4, 3}};
  std::optional<int> some = 42, none;
  std::unique_ptr<geometry::Pair<double>> owned(new geometry::Pair<double>{1.5, 2.5});
  std::string text = "the quick brown fox";
  int vowels = 0;
  double sum = total(shapes);
  int letters = count_vowels(text, vowels);
  bool ok = sum > 20;
  return sum + letters + vowels + numbers[4] + pairs[1].larger() + owned->larger() + some.value_or(0) +
         none.value_or(1) + geometry::Limit + ok;
}
