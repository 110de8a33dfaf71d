package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.option.SizeText;
import io.github.qcow4j.cli.option.UsageException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The operands of {@code dd}, which are {@code name=value}. */
final class DdOperands {

  private static final long DEFAULT_BLOCK_BYTES = 512;

  private @Nullable String input;
  private @Nullable String output;
  private long blockBytes = DEFAULT_BLOCK_BYTES;
  private long count = Long.MAX_VALUE;
  private long skip;

  /**
   * A part of the input.
   *
   * @param skippedBytes where it begins
   * @param lengthBytes how long it is
   * @param beyond whether it was to begin behind the end
   */
  record Part(long skippedBytes, long lengthBytes, boolean beyond) {}

  DdOperands(List<String> operands) throws UsageException {
    for (String operand : operands) {
      int equals = operand.indexOf('=');
      if (equals < 0) {
        throw UsageException.wrongValue("unrecognized operand " + operand);
      }
      take(operand.substring(0, equals), operand.substring(equals + 1));
    }
    if (input == null || output == null) {
      throw UsageException.wrongValue("Must specify both input and output files");
    }
  }

  private void take(String name, String value) throws UsageException {
    switch (name) {
      case "bs" -> blockBytes = SizeText.parse("bs", value, 1, Integer.MAX_VALUE);
      case "count" -> count = SizeText.parse("count", value);
      case "if" -> input = value;
      case "of" -> output = value;
      case "skip" -> skip = SizeText.parse("skip", value);
      default -> throw UsageException.wrongValue("unrecognized operand " + name);
    }
  }

  /** The name of the image to read. */
  String input() {
    return input == null ? "" : input;
  }

  /** The name of the image to make. */
  String output() {
    return output == null ? "" : output;
  }

  /** What is meant of a disk; blocks to skip count among those of {@code count}. */
  Part of(long diskBytes) {
    long end =
        count <= Long.MAX_VALUE / blockBytes ? Math.min(diskBytes, count * blockBytes) : diskBytes;
    if (skip > Long.MAX_VALUE / blockBytes || skip * blockBytes > end) {
      return new Part(0, 0, true);
    }
    return new Part(skip * blockBytes, end - skip * blockBytes, false);
  }
}
