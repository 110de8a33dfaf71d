package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.ToolRun;
import java.util.List;
import java.util.Set;

/**
 * Where this program is meant to repair something else than qemu-img does, or to say it otherwise,
 * and why. Every row must be needed by some image.
 *
 * @param reason why
 * @param covers whether an answer differs for that reason alone
 */
record RepairDeviation(String reason, Rule covers) {

  /** Decides about one answer. */
  @FunctionalInterface
  interface Rule {
    boolean covers(String image, ToolRun theirs, OurRun ours);
  }

  private static final Set<String> OTHER_WORDS =
      Set.of(
          "size-all-ones",
          "bitmaps-directory-past-eof",
          "bitmap-name-size-0",
          "no-snapshots-offset-unaligned",
          "cut-after-magic");

  private static final Set<String> NO_TABLE =
      Set.of(
          "data-is-l2-table",
          "l2-table-is-data",
          "l2-table-is-l1-table",
          "l2-table-is-refcount-block",
          "l1-on-refcount-table",
          "snapshot-l2-unaligned",
          "l2-table-unaligned");

  static final List<RepairDeviation> ALL =
      List.of(
          new RepairDeviation(
              "a check that cannot go on says why, where QEMU has the text of an error number",
              (image, theirs, ours) ->
                  theirs.exitCode() == 1
                      && ours.exitCode() == 1
                      && theirs.stdout().equals(ours.stdout())
                      && theirs.stderr().contains("Check failed: ")
                      && untilLast(theirs.stderr()).equals(untilLast(ours.stderr()))),
          new RepairDeviation(
              "a repair is about the one image: it needs neither backing file nor key",
              (image, theirs, ours) ->
                  theirs.exitCode() == 1
                      && (theirs.stderr().contains(": Could not open backing file: ")
                          || image.startsWith("encryption-header-"))),
          new RepairDeviation(
              "the same refusal in other words",
              (image, theirs, ours) ->
                  OTHER_WORDS.contains(image) && theirs.exitCode() == 1 && ours.exitCode() == 1),
          new RepairDeviation(
              "bits that the format reserves are cleared where the entry leads to a sound place, and"
                  + " so are copied flags of compressed clusters",
              (image, theirs, ours) ->
                  theirs.exitCode() == 2
                      && ours.exitCode() == 0
                      && (image.contains("reserved-bit") || image.equals("stream-copied-flag"))),
          new RepairDeviation(
              "bytes of the header are nobody's snapshots: QEMU keeps them and what they lead to",
              (image, theirs, ours) ->
                  image.equals("snapshots-is-header")
                      && theirs.exitCode() == 2
                      && ours.exitCode() == 1
                      && ours.stderr().contains("Snapshot table overlaps the image header")),
          new RepairDeviation(
              "a table in which an entry leads nowhere, or that another calls data, is not written"
                  + " to: it may be somebody's data",
              (image, theirs, ours) ->
                  NO_TABLE.contains(image)
                      && ours.exitCode() == 2
                      && !ours.stderr().contains("Repairing offset")),
          new RepairDeviation(
              "a refcount block outside the file is dropped; QEMU lengthens the file to reach it",
              (image, theirs, ours) ->
                  ours.exitCode() == 0
                      && theirs.stderr().contains("refcount block")
                      && theirs.stderr().contains(" is outside image")),
          new RepairDeviation(
              "QEMU gives up half way, and marks the image as corrupt",
              (image, theirs, ours) ->
                  theirs.exitCode() == 1
                      && theirs.stderr().contains("qcow2: Marking image as corrupt: ")),
          new RepairDeviation(
              "what seems to be leaked is kept while there is an entry that may have meant it",
              (image, theirs, ours) ->
                  theirs.stderr().contains("Repairing cluster ")
                      && ours.exitCode() == 2
                      && ours.stdout().contains(" leaked clusters were found on the image.")
                      && sameFindings(theirs, ours)));

  private static String untilLast(String text) {
    int position = text.lastIndexOf("Check failed: ");
    return position < 0 ? text : text.substring(0, position);
  }

  /** Whether the first lines, up to leaks and repairs, are the same. */
  private static boolean sameFindings(ToolRun theirs, OurRun ours) {
    return untilLeaks(theirs.stderr()).equals(untilLeaks(ours.stderr()));
  }

  private static String untilLeaks(String text) {
    int position = text.indexOf("Leaked cluster ");
    return position < 0 ? text : text.substring(0, position);
  }
}
