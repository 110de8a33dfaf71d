package io.github.qcow4j.qcow2.refcount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How counters are packed, against arithmetic on the block as one large number. */
class CounterCodecTest {

  private static final int BLOCK_BYTES = 512;

  @Test
  void theSpecificationsExamplesOfNarrowCountersHold() {
    byte[] bytes = {(byte) 0b1110_0100, 0x5A};
    assertThat(read(0, bytes, 8)).containsExactly(0, 0, 1, 0, 0, 1, 1, 1);
    assertThat(read(1, bytes, 4)).containsExactly(0, 1, 2, 3);
    assertThat(read(2, bytes, 4)).containsExactly(4, 14, 10, 5);
    assertThat(CounterCodec.ofOrder(0).get(bytes, 9)).isEqualTo(1);
  }

  @Test
  void wideCountersAreBigEndianAndUnsigned() {
    byte[] bytes = {-1, -2, -3, -4, -5, -6, -7, -8};
    assertThat(CounterCodec.ofOrder(3).get(bytes, 1)).isEqualTo(0xFE);
    assertThat(CounterCodec.ofOrder(4).get(bytes, 1)).isEqualTo(0xFDFC);
    assertThat(CounterCodec.ofOrder(5).get(bytes, 1)).isEqualTo(0xFBFA_F9F8L);
    assertThat(CounterCodec.ofOrder(6).get(bytes, 0)).isEqualTo(0xFFFE_FDFC_FBFA_F9F8L);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6})
  void whatIsStoredIsReadAndNeighboursStay(int order) {
    long seed = Long.getLong("qcow4j.seed", 20_250_731L);
    SplittableRandom random = new SplittableRandom(seed + order);
    CounterCodec codec = CounterCodec.ofOrder(order);
    byte[] bytes = new byte[BLOCK_BYTES];
    random.nextBytes(bytes);
    long[] model = new long[codec.countersIn(BLOCK_BYTES)];
    for (int i = 0; i < model.length; i++) {
      model[i] = codec.get(bytes, i);
    }
    for (int step = 0; step < 5_000; step++) {
      int index = random.nextInt(model.length);
      model[index] = random.nextLong() & codec.maxValue();
      codec.set(bytes, index, model[index]);
    }
    for (int i = 0; i < model.length; i++) {
      assertThat(codec.get(bytes, i)).as("seed %d, counter %d", seed, i).isEqualTo(model[i]);
      assertThat(codec.get(bytes, i)).isEqualTo(fromTheWholeBlock(bytes, i, codec.bits()));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6})
  void addingEndsBeforeTheFirstCounterThatCannotHoldTheSum(int order) {
    long seed = Long.getLong("qcow4j.seed", 20_250_731L);
    SplittableRandom random = new SplittableRandom(seed + order);
    CounterCodec codec = CounterCodec.ofOrder(order);
    int counters = codec.countersIn(BLOCK_BYTES);
    for (int round = 0; round < 500; round++) {
      byte[] bytes = new byte[BLOCK_BYTES];
      for (int i = 0; i < counters; i++) {
        long near = random.nextInt(4);
        codec.set(bytes, i, (random.nextInt(9) == 0 ? -1 - near : near + 3) & codec.maxValue());
      }
      int first = random.nextInt(counters);
      int count = random.nextInt(counters - first + 1);
      int delta = random.nextInt(9) - 4;
      byte[] expected = bytes.clone();
      int possible = addOneByOne(codec, expected, first, count, delta);

      assertThat(codec.add(bytes, first, count, delta)).as("seed %d", seed).isEqualTo(possible);
      assertThat(bytes).as("seed %d, round %d", seed, round).isEqualTo(expected);
    }
  }

  private static int addOneByOne(
      CounterCodec codec, byte[] bytes, int first, int count, int delta) {
    BigInteger mask = BigInteger.ONE.shiftLeft(codec.bits()).subtract(BigInteger.ONE);
    for (int i = 0; i < count; i++) {
      BigInteger before = new BigInteger(Long.toUnsignedString(codec.get(bytes, first + i)));
      BigInteger sum = before.add(BigInteger.valueOf(delta));
      if (sum.signum() < 0 || sum.compareTo(mask) > 0) {
        return i;
      }
      codec.set(bytes, first + i, sum.longValue());
    }
    return count;
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6})
  void theFirstZeroIsFoundWhereverItIs(int order) {
    CounterCodec codec = CounterCodec.ofOrder(order);
    int counters = codec.countersIn(64);
    byte[] bytes = new byte[64];
    for (long filling : new long[] {codec.maxValue(), 1, (codec.maxValue() >>> 1) + 1}) {
      for (int zero = 0; zero <= counters; zero++) {
        for (int i = 0; i < counters; i++) {
          codec.set(bytes, i, i == zero ? 0 : filling);
        }
        for (int from = 0; from <= zero; from += 1 + from / 3) {
          assertThat(codec.firstZero(bytes, from, counters)).isEqualTo(zero);
          assertThat(codec.firstZero(bytes, from, zero)).isEqualTo(zero);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6})
  void zerosInARowAreFoundWhereTheyAreEnoughOrEndTheBlock(int order) {
    CounterCodec codec = CounterCodec.ofOrder(order);
    int counters = codec.countersIn(24);
    for (int zeros = 0; zeros <= counters; zeros += 1 + zeros / 4) {
      byte[] bytes = new byte[24];
      // Rows of one zero, of two and of so many, and at the end of the block again.
      for (int i = 0; i < counters; i++) {
        codec.set(bytes, i, i == 1 || i == 3 || i == 4 || (i >= 6 && i < 6 + zeros) ? 0 : 1);
      }
      for (int count = 1; count <= counters + 1; count += 1 + count / 4) {
        for (int from = 0; from <= counters; from++) {
          assertThat(codec.firstZeros(bytes, from, counters, count))
              .as("%s zeros of %s from %s", count, zeros, from)
              .isEqualTo(zerosOneByOne(codec, bytes, from, counters, count));
        }
      }
    }
  }

  private static int zerosOneByOne(CounterCodec codec, byte[] bytes, int from, int end, int count) {
    for (int first = from; first < end; first++) {
      int length = 0;
      while (first + length < end && codec.get(bytes, first + length) == 0) {
        length++;
      }
      if (length >= count || (length > 0 && first + length == end)) {
        return first;
      }
    }
    return end;
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6})
  void whatIsCountedAmongZerosIsFoundFromBothEnds(int order) {
    CounterCodec codec = CounterCodec.ofOrder(order);
    int counters = codec.countersIn(BLOCK_BYTES);
    for (int counted = 0; counted < counters; counted++) {
      for (long value : new long[] {1, codec.maxValue() - codec.maxValue() / 2}) {
        byte[] bytes = new byte[BLOCK_BYTES];
        codec.set(bytes, counted, value);
        for (int from = 0; from <= counted; from += 1 + from / 3) {
          assertThat(codec.firstCounted(bytes, from, counters)).isEqualTo(counted);
          assertThat(codec.firstCounted(bytes, from, counted)).isEqualTo(counted);
        }
        assertThat(codec.firstCounted(bytes, counted + 1, counters)).isEqualTo(counters);
        for (int end = counters; end > counted; end -= 1 + (end - counted) / 3) {
          assertThat(codec.endOfCounted(bytes, end)).isEqualTo(counted + 1);
        }
        assertThat(codec.endOfCounted(bytes, counted)).isZero();
      }
    }
  }

  /** Bytes in order for wide counters, reversed for narrow ones, are one number of all counters. */
  private static long fromTheWholeBlock(byte[] bytes, int index, int bits) {
    byte[] ordered = bytes.clone();
    int fromLeast = index;
    if (bits < 8) {
      for (int i = 0; i < bytes.length; i++) {
        ordered[i] = bytes[bytes.length - 1 - i];
      }
    } else {
      fromLeast = bytes.length * 8 / bits - 1 - index;
    }
    BigInteger mask = BigInteger.ONE.shiftLeft(bits).subtract(BigInteger.ONE);
    return new BigInteger(1, ordered).shiftRight(fromLeast * bits).and(mask).longValue();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void aValueThatDoesNotFitIsRefused(int order) {
    CounterCodec codec = CounterCodec.ofOrder(order);
    byte[] bytes = new byte[8];
    assertThatThrownBy(() -> codec.set(bytes, 0, codec.maxValue() + 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> codec.set(bytes, 0, -1)).isInstanceOf(IllegalArgumentException.class);
    assertThat(bytes).containsOnly(0);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6})
  void bytesAndCountersConvertIntoEachOther(int order) {
    CounterCodec codec = CounterCodec.ofOrder(order);
    assertThat(codec.order()).isEqualTo(order);
    assertThat(codec.bits()).isEqualTo(1 << order);
    assertThat(codec.countersIn(65536)).isEqualTo(65536 * 8 / codec.bits());
    assertThat(codec.bytesFor(codec.countersIn(65536))).isEqualTo(65536);
  }

  private static long[] read(int order, byte[] bytes, int count) {
    long[] counters = new long[count];
    for (int i = 0; i < count; i++) {
      counters[i] = CounterCodec.ofOrder(order).get(bytes, i);
    }
    return counters;
  }
}
