package io.github.qcow4j.qcow2.refcount;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * How counters of one width stand in an array of bytes (qcow2 specification, "Reference count
 * structures"): those of 8 bits and more as big-endian integers, narrower ones several to a byte,
 * the lower index in the less significant bits.
 *
 * <p>Pure arithmetic without state, for any thread. Counters are unsigned; those of 64 bits use all
 * bits of a {@code long}.
 */
public final class CounterCodec {

  /** The largest binary logarithm of a width: counters of 64 bits. */
  public static final int MAX_ORDER = 6;

  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private static final CounterCodec[] BY_ORDER = {
    new CounterCodec(0),
    new CounterCodec(1),
    new CounterCodec(2),
    new CounterCodec(3),
    new CounterCodec(4),
    new CounterCodec(5),
    new CounterCodec(6)
  };

  private final int order;
  private final long maxValue;

  /** The least significant bit of each counter in eight bytes, and the most significant one. */
  private final long lowBits;

  private final long highBits;

  private CounterCodec(int order) {
    this.order = order;
    this.maxValue = -1L >>> (Long.SIZE - (1 << order));
    this.lowBits = Long.divideUnsigned(-1L, maxValue);
    this.highBits = lowBits << ((1 << order) - 1);
  }

  /**
   * The codec of a width.
   *
   * @param order binary logarithm of the width in bits, 0 to 6, as the header has it
   */
  public static CounterCodec ofOrder(int order) {
    return BY_ORDER[order];
  }

  /** Binary logarithm of the width in bits. */
  public int order() {
    return order;
  }

  /** The width in bits: 1, 2, 4, 8, 16, 32 or 64. */
  public int bits() {
    return 1 << order;
  }

  /** The largest value of a counter, as an unsigned number. */
  public long maxValue() {
    return maxValue;
  }

  /** How many counters {@code lengthBytes} bytes hold, a power of two when that is one. */
  public int countersIn(int lengthBytes) {
    return lengthBytes << 3 >>> order;
  }

  /** How many bytes {@code count} counters take, where {@code count} is a multiple of 8. */
  public int bytesFor(int count) {
    return count << order >>> 3;
  }

  /** The counter of an index, unsigned. */
  public long get(byte[] bytes, int index) {
    return switch (order) {
      case 3 -> bytes[index] & 0xFF;
      case 4 -> (bytes[index << 1] & 0xFF) << 8 | (bytes[(index << 1) + 1] & 0xFF);
      case 5 -> (int) INT.get(bytes, index << 2) & 0xFFFF_FFFFL;
      case 6 -> (long) LONG.get(bytes, index << 3);
      default -> (bytes[index >>> (3 - order)] >>> shift(index)) & maxValue;
    };
  }

  /**
   * Stores the counter of an index.
   *
   * @param value {@code 0 <= value <= maxValue()}, unsigned
   */
  public void set(byte[] bytes, int index, long value) {
    if (Long.compareUnsigned(value, maxValue) > 0) {
      throw new IllegalArgumentException(
          Long.toUnsignedString(value) + " does not fit into " + bits() + " bits");
    }
    switch (order) {
      case 3 -> bytes[index] = (byte) value;
      case 4 -> {
        bytes[index << 1] = (byte) (value >>> 8);
        bytes[(index << 1) + 1] = (byte) value;
      }
      case 5 -> INT.set(bytes, index << 2, (int) value);
      case 6 -> LONG.set(bytes, index << 3, value);
      default -> setNarrow(bytes, index, (int) value);
    }
  }

  /**
   * Adds to, or takes from, neighbouring counters, from the first one on, as far as each of them
   * can hold the result.
   *
   * @param first the index of the first one
   * @param count how many, {@code >= 0}
   * @param delta what to add to each; negative to take
   * @return how many were changed: less than {@code count} when the next one would fall below zero
   *     or pass its width
   */
  public int add(byte[] bytes, int first, int count, int delta) {
    for (int done = 0; done < count; ) {
      long before = get(bytes, first + done);
      if (!canHold(before, delta)) {
        return done;
      }
      int run = runLength(bytes, first + done, count - done);
      fill(bytes, first + done, run, before + delta);
      done += run;
    }
    return count;
  }

  private boolean canHold(long before, int delta) {
    return delta < 0
        ? Long.compareUnsigned(before, -(long) delta) >= 0
        : Long.compareUnsigned(delta, maxValue) <= 0
            && Long.compareUnsigned(before, maxValue - delta) <= 0;
  }

  /**
   * How many neighbouring counters, from the first one on, are the same. Most clusters of an image
   * are counted as their neighbours are, and what holds for a run of them need not be asked of
   * each.
   *
   * @param first the index of the first one
   * @param most how many to look at, {@code >= 1}
   */
  public int runLength(byte[] bytes, int first, int most) {
    long value = get(bytes, first);
    int length = 1;
    if (order >= 3 && most > 1 && get(bytes, first + 1) == value) {
      int width = 1 << (order - 3);
      int from = first * width;
      int end = from + most * width;
      int same = Arrays.mismatch(bytes, from, end - width, bytes, from + width, end);
      return same < 0 ? most : same / width + 1;
    }
    while (length < most && get(bytes, first + length) == value) {
      length++;
    }
    return length;
  }

  private void fill(byte[] bytes, int first, int count, long value) {
    if (order < 3) {
      for (int i = 0; i < count; i++) {
        set(bytes, first + i, value);
      }
      return;
    }
    set(bytes, first, value);
    int from = first << (order - 3);
    int length = count << (order - 3);
    for (int filled = 1 << (order - 3); filled < length; filled *= 2) {
      System.arraycopy(bytes, from, bytes, from + filled, Math.min(filled, length - filled));
    }
  }

  /**
   * The index of the first counter that is zero, or {@code end} when none is. Eight bytes are
   * looked at together also where the end lies within them: a zero behind it costs a look at each.
   *
   * @param bytes a whole number of eight, as every block is
   * @param from the index to begin at
   * @param end the index to end before
   */
  public int firstZero(byte[] bytes, int from, int end) {
    int inEight = Long.SIZE >> order;
    int index = from;
    while (index < end) {
      boolean border = (index & (inEight - 1)) == 0;
      if (border && !hasZero((long) LONG.get(bytes, index << order >>> 3))) {
        index += inEight;
      } else if (get(bytes, index) == 0) {
        return index;
      } else {
        index++;
      }
    }
    return end;
  }

  /**
   * The index of the first of so many zeros in a row, or of those that the block ends with if they
   * are fewer, or {@code end} when there are none: counters that are 1, 0, 1, 0 cost no call of a
   * cache each.
   *
   * @param bytes a whole number of eight, as every block is
   * @param from the index to begin at
   * @param end the index behind the block
   * @param count how many, at least 1
   */
  public int firstZeros(byte[] bytes, int from, int end, long count) {
    int first = firstZero(bytes, from, end);
    while (first < end) {
      int border = (int) Math.min(end, first + count);
      int counted = firstCounted(bytes, first, border);
      if (counted == border) {
        return first;
      }
      first = firstZero(bytes, counted + 1, end);
    }
    return end;
  }

  /**
   * The index of the first counter that is not zero, or {@code end} when all are: eight bytes at a
   * time where they are zeros, as most are of a block that counts little.
   *
   * @param bytes a whole number of eight, as every block is
   * @param from the index to begin at
   * @param end the index to end before
   */
  public int firstCounted(byte[] bytes, int from, int end) {
    int inEight = Long.SIZE >> order;
    int index = from;
    while (index < end) {
      boolean border = (index & (inEight - 1)) == 0;
      if (border && (long) LONG.get(bytes, index << order >>> 3) == 0) {
        index += inEight;
      } else if (get(bytes, index) != 0) {
        return index;
      } else {
        index++;
      }
    }
    return end;
  }

  /**
   * The index behind the last counter that is not zero, or 0 when all are.
   *
   * @param bytes a whole number of eight, as every block is
   * @param end the index to begin before
   */
  public int endOfCounted(byte[] bytes, int end) {
    int inEight = Long.SIZE >> order;
    int index = end;
    while (index > 0) {
      boolean border = (index & (inEight - 1)) == 0;
      if (border && (long) LONG.get(bytes, (index - inEight) << order >>> 3) == 0) {
        index -= inEight;
      } else if (get(bytes, index - 1) != 0) {
        return index;
      } else {
        index--;
      }
    }
    return 0;
  }

  /**
   * Whether one of the counters in eight bytes is zero; only there a borrow sets its highest bit.
   */
  private boolean hasZero(long eight) {
    return ((eight - lowBits) & ~eight & highBits) != 0;
  }

  private void setNarrow(byte[] bytes, int index, int value) {
    int position = index >>> (3 - order);
    int shift = shift(index);
    int others = bytes[position] & ~((int) maxValue << shift);
    bytes[position] = (byte) (others | (value << shift));
  }

  /** Where in its byte a counter narrower than a byte stands. */
  private int shift(int index) {
    return (index << order) & 7;
  }
}
