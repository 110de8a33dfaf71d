package io.github.qcow4j.cli.hostile;

import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToLongFunction;

/**
 * One limit of the format: a field that an image can fill with any number.
 *
 * @param name what the field is called
 * @param ground the sound image that it is changed in
 * @param position where the field stands
 * @param widthBytes how wide it is
 * @param least the least number that keeps the limit, unsigned
 * @param most the largest one, unsigned
 * @param flags bits that the field has beside the number
 * @param probe the command that has to enforce the limit
 * @param refusal what it says beyond the limit, or empty when that has more than one reason
 * @param about what of its ground it would be nothing without
 * @param far whether the file is so long that the limit alone can be in the way
 */
record LimitRow(
    String name,
    Ground ground,
    ToLongFunction<ImageSurgeon> position,
    int widthBytes,
    long least,
    long most,
    long flags,
    CommandLine probe,
    String refusal,
    boolean far,
    Set<Part> about) {

  static final CommandLine INFO =
      new CommandLine("info -f qcow2 IMAGE", Personality.QEMU_IMG, false, 1);

  static LimitRow of(HeaderField field, long least, long most, String refusal) {
    return new LimitRow(
        field.name(),
        Ground.FULL,
        surgeon -> field.offset(),
        field.widthBytes(),
        least,
        most,
        0,
        INFO,
        refusal,
        false,
        Set.of());
  }

  static LimitRow of(
      String name, ToLongFunction<ImageSurgeon> position, int widthBytes, long least, long most) {
    return new LimitRow(
        name, Ground.FULL, position, widthBytes, least, most, 0, INFO, "", false, Set.of());
  }

  /** Only this command, which may change the image, looks there. */
  LimitRow probedBy(String command) {
    CommandLine other = new CommandLine(command, Personality.QEMU_IMG, true, 1);
    return new LimitRow(
        name, ground, position, widthBytes, least, most, flags, other, refusal, far, about);
  }

  LimitRow refusedWith(String words) {
    return new LimitRow(
        name, ground, position, widthBytes, least, most, flags, probe, words, far, about);
  }

  LimitRow withFlags(long bits) {
    return new LimitRow(
        name, ground, position, widthBytes, least, most, bits, probe, refusal, far, about);
  }

  LimitRow in(Ground other) {
    return new LimitRow(
        name, other, position, widthBytes, least, most, flags, probe, refusal, far, about);
  }

  LimitRow inALongFile() {
    return new LimitRow(
        name, ground, position, widthBytes, least, most, flags, probe, refusal, true, about);
  }

  /** Of something that not every image has. */
  LimitRow about(Part part) {
    return new LimitRow(
        name, ground, position, widthBytes, least, most, flags, probe, refusal, far, Set.of(part));
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
    return new ArrayList<>(values);
  }

  boolean keeps(long value) {
    return Long.compareUnsigned(value, least) >= 0 && Long.compareUnsigned(value, most) <= 0;
  }

  /** The image with that number in its field. */
  HostileCase with(long value) {
    return new HostileCase(
        name + " " + Long.toUnsignedString(value),
        ground,
        surgeon -> {
          surgeon.setNumber(position.applyAsLong(surgeon), widthBytes, value | flags);
          if (far) {
            surgeon.truncate(LimitTable.FAR_BYTES);
          }
        },
        about);
  }
}
