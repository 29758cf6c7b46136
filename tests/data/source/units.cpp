// Types in units of their own: `.debug_types` of DWARF 4, type units of DWARF 5.
namespace geo {
struct Point {
  int x, y;
};
struct Line {
  Point from, to;
  Point *other;
};
enum class Kind { A, B = 4 };
} // namespace geo

extern "C" int run(int n) {
  geo::Line line{{n, 2}, {3, 4}, nullptr};
  line.other = &line.to;
  geo::Kind kind = geo::Kind::B;
  return line.other->y + (int)kind;
}
