package io.github.qcow4j.cli.hostile;

import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToLongFunction;

/**
 * One limit of the format: a field that an image can fill with any number. What each number comes
 * to is told by {@link LimitOutcomes}.
 *
 * @param name what the field is called
 * @param ground the sound image that it is changed in
 * @param position where the field stands
 * @param widthBytes how wide it is
 * @param least the least number that keeps the limit, unsigned
 * @param most the largest one, unsigned
 * @param more other numbers worth trying
 * @param flags bits that the field has beside the number
 * @param fileBytes how long the file is made, so that the limit alone can be in the way; 0 when it
 *     stays as it is
 * @param about what of its ground it would be nothing without
 */
record LimitRow(
    String name,
    Ground ground,
    ToLongFunction<ImageSurgeon> position,
    int widthBytes,
    long least,
    long most,
    List<Long> more,
    long flags,
    long fileBytes,
    Set<Part> about) {

  static LimitRow of(HeaderField field, long least, long most) {
    return of(field.name(), surgeon -> field.offset(), field.widthBytes(), least, most);
  }

  static LimitRow of(
      String name, ToLongFunction<ImageSurgeon> position, int widthBytes, long least, long most) {
    return new LimitRow(
        name, Ground.FULL, position, widthBytes, least, most, List.of(), 0, 0, Set.of());
  }

  LimitRow withFlags(long bits) {
    return new LimitRow(
        name, ground, position, widthBytes, least, most, more, bits, fileBytes, about);
  }

  LimitRow in(Ground other) {
    return new LimitRow(
        name, other, position, widthBytes, least, most, more, flags, fileBytes, about);
  }

  /** Longer than every table that a count can announce, and not too long to be walked. */
  LimitRow inALongFile() {
    return inAFileOf(1L << 30);
  }

  LimitRow inAFileOf(long bytes) {
    return new LimitRow(name, ground, position, widthBytes, least, most, more, flags, bytes, about);
  }

  /** Of something that not every image has. */
  LimitRow about(Part part) {
    return new LimitRow(
        name, ground, position, widthBytes, least, most, more, flags, fileBytes, Set.of(part));
  }

  LimitRow also(Long... numbers) {
    return new LimitRow(
        name, ground, position, widthBytes, least, most, List.of(numbers), flags, fileBytes, about);
  }

  /** The limits, what lies just beyond them, and the extremes of such a number. */
  List<Long> values() {
    long largest = widthBytes == Long.BYTES ? -1 : (1L << (8 * widthBytes)) - 1;
    long topBit = 1L << (8 * widthBytes - 1);
    Set<Long> values = new LinkedHashSet<>();
    for (long value :
        new long[] {
          least, least - 1, most, most - 1, most + 1, 0, 1, largest, largest - 1, topBit, topBit - 1
        }) {
      values.add(value & largest);
    }
    values.addAll(more);
    return new ArrayList<>(values);
  }

  /** The image with that number in its field. */
  HostileCase with(long value) {
    return new HostileCase(
        name + " " + Long.toUnsignedString(value),
        ground,
        surgeon -> {
          surgeon.setNumber(position.applyAsLong(surgeon), widthBytes, value | flags);
          if (fileBytes > 0) {
            surgeon.truncate(fileBytes);
          }
        },
        about);
  }

  /** Unique, unlike the name alone. */
  String title() {
    return name + " in " + ground;
  }
}
