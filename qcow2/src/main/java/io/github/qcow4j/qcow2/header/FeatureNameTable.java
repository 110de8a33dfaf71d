package io.github.qcow4j.qcow2.header;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The names that an image gives its own feature bits, for use in refusals (qcow2 specification,
 * "Feature name table").
 *
 * @param names one entry per named bit, in the image's order
 */
public record FeatureNameTable(List<Name> names) {

  /** A table without names. */
  public static final FeatureNameTable EMPTY = new FeatureNameTable(List.of());

  static final int ENTRY_BYTES = 48;

  public FeatureNameTable {
    names = List.copyOf(names);
  }

  /**
   * The name of one bit.
   *
   * @param group 0 incompatible, 1 compatible, 2 autoclear; other values are kept and never matched
   * @param bit the bit number
   * @param text the name
   */
  public record Name(int group, int bit, String text) {}

  /** Parses the data of the extension; the last name may lack its padding, as for QEMU. */
  static FeatureNameTable parse(ByteBuffer data) {
    List<Name> names = new ArrayList<>();
    while (data.remaining() > 2) {
      int group = data.get() & 0xFF;
      int bit = data.get() & 0xFF;
      byte[] text = new byte[Math.min(data.remaining(), ENTRY_BYTES - 2)];
      data.get(text);
      int length = 0;
      while (length < text.length && text[length] != 0) {
        length++;
      }
      names.add(new Name(group, bit, new String(text, 0, length, StandardCharsets.UTF_8)));
    }
    return new FeatureNameTable(names);
  }

  /** The image's name for a bit, or null when it names none. */
  public @Nullable String nameOf(Feature.Group group, int bit) {
    for (Name name : names) {
      if (name.group == group.code() && name.bit == bit && !name.text.isEmpty()) {
        return name.text;
      }
    }
    return null;
  }
}
