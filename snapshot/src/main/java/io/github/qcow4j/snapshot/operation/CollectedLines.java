package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.error.BoxException;
import io.github.qcow4j.snapshot.model.Collected;
import io.github.qcow4j.snapshot.model.Collected.Cause;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a collection has to say, one line for each thing. What stands in the way of one thing, or
 * fails with it, is said of that one and is no reason to leave the others.
 */
final class CollectedLines {

  /** Something that goes, why, and how much storage it takes. */
  record Candidate(String kind, String name, long bytes, List<Cause> causes, String reason) {}

  /**
   * What a removal did.
   *
   * @param bytes how many bytes of storage are free now
   * @param moved how data that others need came into them
   */
  record Freed(long bytes, CopyResult moved) {

    /** Storage of what nobody needs anything of. */
    static Freed of(long bytes) {
      return new Freed(bytes, CopyResult.NONE);
    }
  }

  /** What is done with a candidate. */
  interface Removal {
    Freed run() throws IOException;
  }

  /** What became of a candidate. */
  enum Outcome {
    /** Gone; of a dry run, would be. */
    GONE,
    /** Somebody needs it or works with it. */
    STAYS,
    /** Something went wrong. */
    FAILED
  }

  private final boolean dryRun;
  private final JobControl control;
  private final Consumer<? super Collected> told;
  private final List<Collected> lines = new ArrayList<>();

  /**
   * @param told hears of each line at once
   */
  CollectedLines(boolean dryRun, Consumer<? super Collected> told, JobControl control) {
    this.told = told;
    this.dryRun = dryRun;
    this.control = control;
  }

  boolean dryRun() {
    return dryRun;
  }

  List<Collected> all() {
    return lines;
  }

  /** The same for what needs no asking. */
  Outcome remove(Candidate candidate, Removal removal) throws IOException {
    return remove(candidate, () -> Freed.of(candidate.bytes()), removal);
  }

  /**
   * Removes it, or says why not.
   *
   * @param rehearsal what a dry run does instead, which finds the same hindrances
   */
  Outcome remove(Candidate candidate, Removal rehearsal, Removal removal) throws IOException {
    control.checkpoint();
    try {
      Freed freed = (dryRun ? rehearsal : removal).run();
      add(candidate, freed.bytes(), !dryRun, null, false, freed.moved().costliest());
      return Outcome.GONE;
    } catch (JobCancelledException e) {
      throw e;
    } catch (IOException e) {
      boolean failed = isFailure(e);
      add(candidate, candidate.bytes(), false, String.valueOf(e.getMessage()), failed, null);
      return failed ? Outcome.FAILED : Outcome.STAYS;
    }
  }

  /** What stands in the way by right is no failure; damage is, and storage that does not work. */
  private static boolean isFailure(IOException reason) {
    return switch (reason) {
      case BoxException refusal -> refusal.kind() == BoxException.Kind.FAILED;
      case ImageException damage -> damage instanceof CorruptImageException;
      default -> true;
    };
  }

  /** What has gone along with something else, or would. */
  void say(Candidate candidate, long bytes) {
    add(candidate, bytes, !dryRun, null, false, null);
  }

  /** What has to stay. */
  void keep(Candidate candidate, String hindrance) {
    add(candidate, candidate.bytes(), false, hindrance, false, null);
  }

  private void add(
      Candidate candidate,
      long bytes,
      boolean removed,
      @Nullable String hindrance,
      boolean failed,
      @Nullable CopyMethod method) {
    Collected line =
        new Collected(
            candidate.kind(),
            candidate.name(),
            bytes,
            candidate.causes(),
            candidate.reason(),
            removed,
            hindrance,
            failed,
            method);
    lines.add(line);
    told.accept(line);
  }
}
