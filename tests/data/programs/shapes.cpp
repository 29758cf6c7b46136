// Virtual methods, templates and the standard containers, as C++ programs have them.
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

struct Shape {
    virtual ~Shape() = default;
    virtual double area() const = 0;
    virtual std::string name() const = 0;
};

struct Square : Shape {
    double side;
    explicit Square(double s) : side(s) {}
    double area() const override { return side * side; }
    std::string name() const override { return "square"; }
};

struct Circle : Shape {
    double radius;
    explicit Circle(double r) : radius(r) {}
    double area() const override { return 3.0 * radius * radius; }
    std::string name() const override { return "circle"; }
};

int main(int argc, char **argv) {
    std::vector<std::unique_ptr<Shape>> shapes;
    for (int i = 1; i <= 3; i++) {
        shapes.push_back(std::make_unique<Square>(i));
        shapes.push_back(std::make_unique<Circle>(i));
    }
    std::sort(shapes.begin(), shapes.end(), [](auto &a, auto &b) { return a->area() > b->area(); });
    std::map<std::string, double> total;
    for (auto &shape : shapes) {
        total[shape->name()] += shape->area();
        std::printf("%s %.1f\n", shape->name().c_str(), shape->area());
    }
    for (auto &[name, area] : total)
        std::printf("%s: %.1f\n", name.c_str(), area);
    return argc;
}
