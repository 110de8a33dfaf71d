package io.github.qcow4j.snapshot.layout;

import java.util.random.RandomGenerator;

/** Identifiers that no two things of any home share: random, of fixed length. Any thread. */
public final class Ids {

  /** 36^16 is 82 bits: among a million of them two are alike with a chance of 10^-13. */
  public static final int LENGTH = 16;

  private static final String DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz";

  private final RandomGenerator random;

  /** Identifiers from this source. */
  public Ids(RandomGenerator random) {
    this.random = random;
  }

  /** A new one. */
  public synchronized String next() {
    StringBuilder text = new StringBuilder(LENGTH);
    for (int at = 0; at < LENGTH; at++) {
      text.append(DIGITS.charAt(random.nextInt(DIGITS.length())));
    }
    return text.toString();
  }

  /** Whether a text could be one. */
  public static boolean isId(String text) {
    return text.length() == LENGTH && text.chars().allMatch(c -> DIGITS.indexOf(c) >= 0);
  }
}
