package io.github.qcow4j.cli.fulldisk;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.LoopFileSystem.Kind;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * How much room a job is left, on each file system of {@code -Dqcow4j.full.on}. By default by
 * turns, from job to job and from file system to file system, none at all or another amount of
 * which it has too little; with {@code -Dqcow4j.full.points=N} none at all and N - 1 other amounts;
 * with {@code -Dqcow4j.full.points=all} every amount from none up to the first with which it is
 * done, and what it needs at least, by steps of {@code -Dqcow4j.full.step} bytes, a page of 4 KiB
 * if not given. What they are drawn with {@code -Dqcow4j.seed} says.
 *
 * <p>The smallest block of these file systems is a page, but for an ext4 as small as ours, where it
 * is 1 KiB. What a btrfs gives away is as coarse as its tables, 16 KiB.
 */
final class Rooms {

  private static final String POINTS = System.getProperty("qcow4j.full.points", "1");
  private static final boolean ALL = POINTS.equals("all");
  private static final int PAGE_BYTES = 4096;
  private static final int STEP_BYTES = Integer.getInteger("qcow4j.full.step", PAGE_BYTES);

  /** A job that takes nothing in the end may yet need this in between. */
  private static final int IN_BETWEEN_BYTES = 1 << 20;

  private final SplittableRandom random;
  private int turn;
  private int met;
  private int full;

  Rooms(long seed, Kind kind) {
    this.random = new SplittableRandom(seed);
    this.turn = kinds().indexOf(kind);
  }

  /** The file systems; what is like XFS here is left out where not all is to be met. */
  static List<Kind> kinds() {
    String names = System.getProperty("qcow4j.full.on", "EXT4,XFS,BTRFS" + (ALL ? ",TMPFS" : ""));
    return Arrays.stream(names.split(",", -1)).map(Kind::valueOf).toList();
  }

  /** A job that is left an amount of room. */
  @FunctionalInterface
  interface Attempt {

    /** Whether there was too little of it. */
    boolean isFull(long roomBytes) throws IOException;
  }

  /**
   * Leaves a job one amount after the other.
   *
   * @param neededBytes what it takes when it can
   * @param fittingBytes what file systems and homes keep back for hard times
   * @param job its name
   */
  void meet(long neededBytes, long fittingBytes, String job, Attempt attempt) throws IOException {
    int before = full;
    if (ALL) {
      meetAll(neededBytes, attempt);
    } else if (POINTS.equals("1") && turn++ % 2 == 1) {
      long most = neededBytes > fittingBytes ? neededBytes - fittingBytes : neededBytes;
      meetAnother(most <= 0 ? IN_BETWEEN_BYTES : most, attempt);
    } else {
      boolean atFirst = isFull(0, attempt);
      long most = neededBytes <= 0 && atFirst ? IN_BETWEEN_BYTES : neededBytes;
      for (int i = 1; i < Integer.parseInt(POINTS); i++) {
        meetAnother(most, attempt);
      }
    }
    if (neededBytes > fittingBytes) {
      assertThat(full - before).as("full disks that %s met", job).isPositive();
    }
  }

  private void meetAll(long neededBytes, Attempt attempt) throws IOException {
    boolean last = isFull(0, attempt);
    for (long room = STEP_BYTES; last || room < neededBytes + STEP_BYTES; room += STEP_BYTES) {
      last = isFull(room, attempt);
    }
  }

  private void meetAnother(long mostBytes, Attempt attempt) throws IOException {
    if (mostBytes > PAGE_BYTES) {
      boolean _ = isFull(random.nextLong(mostBytes) & -PAGE_BYTES, attempt);
    }
  }

  private boolean isFull(long room, Attempt attempt) throws IOException {
    met++;
    boolean isFull = attempt.isFull(room);
    full += isFull ? 1 : 0;
    return isFull;
  }

  @Override
  public String toString() {
    return full + " of " + met;
  }
}
