// Structs, slices, optionals, tagged unions, errors and enums.
const std = @import("std");

const Colour = enum(u8) { red, green = 5, blue };

const Shape = union(enum) {
    empty: void,
    circle: f64,
    rect: struct { width: u32, height: u32 },
};

const Item = struct {
    name: []const u8,
    weight: i32,
    colour: Colour,
    next: ?*Item = null,
};

var limit: u32 = 12;
var items: [3]Item = undefined;

fn totalWeight(first: ?*Item) i32 {
    var sum: i32 = 0;
    var at = first;
    while (at) |item| {
        sum += item.weight;
        at = item.next;
    }
    return sum;
}

fn area(shape: Shape) f64 {
    return switch (shape) {
        .empty => 0,
        .circle => |radius| 3 * radius * radius,
        .rect => |r| @floatFromInt(r.width * r.height),
    };
}

fn sumOf(numbers: []const i64) i64 {
    var sum: i64 = 0;
    for (numbers) |number| {
        sum += number;
    }
    return sum;
}

export fn run(count: u32) i64 {
    const names = [_][]const u8{ "one", "two", "three" };
    var i: usize = 0;
    while (i < 3) : (i += 1) {
        items[i] = .{ .name = names[i], .weight = @intCast(i * 10), .colour = if (i == 1) .blue else .green };
        if (i > 0) items[i - 1].next = &items[i];
    }
    var numbers = [_]i64{ 1, 2, 3, 5, 8 };
    numbers[0] += count;
    const middle: []const i64 = numbers[1..4];
    const maybe: ?u32 = if (count > 2) count else null;
    const shape = Shape{ .rect = .{ .width = 3, .height = 4 } };
    const weight = totalWeight(&items[0]);
    const sum = sumOf(middle);
    const surface = area(shape);
    limit += 1;
    return weight + sum + @as(i64, @intFromFloat(surface)) + @as(i64, maybe orelse 0) + limit;
}
