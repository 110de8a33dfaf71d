package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.Probe;
import io.github.qcow4j.qcow2.testing.ToolRun;
import java.util.List;
import java.util.Set;

/**
 * Where this program is meant to say something else than qemu-img, and why. Every row must be
 * needed by some image: one that no longer is has to go.
 *
 * @param reason why
 * @param covers whether an answer differs for that reason alone
 */
record Deviation(String reason, Rule covers) {

  /** Decides about one answer. */
  @FunctionalInterface
  interface Rule {
    boolean covers(String image, Probe probe, ToolRun theirs, OurRun ours);
  }

  private static final Set<String> OTHER_WORDS =
      Set.of(
          "size-all-ones",
          "encryption-header-too-small",
          "snapshots-garbage",
          "bitmaps-count-65536",
          "bitmaps-directory-past-eof",
          "bitmaps-directory-size-0",
          "bitmaps-directory-too-long",
          "bitmap-table-size-2",
          "bitmap-name-size-0",
          "bitmap-names-equal",
          "cut-after-magic");

  private static final Set<String> STRICTER =
      Set.of("raw-external-bit-alone", "bitmaps-bit-alone", "subcluster-compressed-with-bitmap");

  private static final Set<String> LOADED_LATER =
      Set.of("l1-offset-overflow", "bitmap-table-entry-reserved", "bitmap-data-and-ones-flag");

  private static final Set<String> SUBCLUSTERS =
      Set.of(
          "extended-l2-bit-on-standard-tables",
          "subcluster-allocated-without-cluster",
          "subcluster-both-bits");

  static final List<Deviation> ALL =
      List.of(
          new Deviation(
              "the cause stands where QEMU has 'Input/output error', behind a line of its own",
              (image, probe, theirs, ours) ->
                  theirs.exitCode() == 1
                      && ours.exitCode() == 1
                      && theirs.stdout().equals(ours.stdout())
                      && saysWhy(theirs.stderr(), ours.stderr())),
          new Deviation(
              "a check that cannot go on says why, where QEMU has the text of an error number",
              (image, probe, theirs, ours) ->
                  isCheck(probe)
                      && theirs.exitCode() == 1
                      && ours.exitCode() == 1
                      && theirs.stdout().equals(ours.stdout())
                      && untilLast(theirs.stderr(), "Check failed: ")
                          .equals(untilLast(ours.stderr(), "Check failed: "))),
          new Deviation(
              "a check is about the one image: it needs neither backing file nor data file nor key",
              (image, probe, theirs, ours) ->
                  isCheck(probe)
                      && theirs.exitCode() == 1
                      && (theirs.stderr().contains(": Could not open backing file: ")
                          || theirs.stderr().contains("is required for cipher")
                          || image.startsWith("data-file-"))),
          new Deviation(
              "tables and clusters that lie wholly past the end of the file are refused; QEMU"
                  + " reads zeros",
              (image, probe, theirs, ours) ->
                  ours.exitCode() == 1 && ours.stderr().contains(" past the end of the file")),
          new Deviation(
              "encrypted images are refused by what they are encrypted with",
              (image, probe, theirs, ours) ->
                  theirs.stderr().contains("is required for cipher")
                      && ours.stderr().contains("Encrypted images cannot be read: ")),
          new Deviation(
              "a loop of backing files is called one; QEMU opens them until it may not",
              (image, probe, theirs, ours) ->
                  theirs.stderr().endsWith("Too many open files\n")
                      && ours.stderr().endsWith(" creates an infinite loop.\n")),
          new Deviation(
              "a chain has 256 layers at most unless --max-chain says otherwise",
              (image, probe, theirs, ours) ->
                  image.startsWith("chain-of-25")
                      && ours.stderr().endsWith("Backing chain has more than 256 layers\n")),
          new Deviation(
              "names of protocols and json: descriptions in images are never followed",
              (image, probe, theirs, ours) ->
                  image.startsWith("backing-name-")
                      && ours.stderr().contains("only plain local files can be backing files")),
          new Deviation(
              "no warning tells of a loss that is no concern of a reader",
              (image, probe, theirs, ours) ->
                  theirs.exitCode() == ours.exitCode()
                      && theirs.stdout().equals(ours.stdout())
                      && image.equals("bitmaps-stale")
                      && theirs.stderr().endsWith(ours.stderr())),
          new Deviation(
              "the same refusal in other words",
              (image, probe, theirs, ours) ->
                  OTHER_WORDS.contains(image) && theirs.exitCode() == 1 && ours.exitCode() == 1),
          new Deviation(
              "bits that contradict each other are refused; QEMU overlooks them",
              (image, probe, theirs, ours) ->
                  STRICTER.contains(image) && theirs.exitCode() <= 1 && ours.exitCode() == 1),
          new Deviation(
              "the L1 table and the bitmaps' tables are looked at when they are needed; QEMU loads"
                  + " them to open the image",
              (image, probe, theirs, ours) ->
                  LOADED_LATER.contains(image)
                      && theirs.exitCode() == 1
                      && theirs.stderr().contains("Could not read ")),
          new Deviation(
              "a qcow1 image is a raw one to a program that knows qcow2 only, unless its format is"
                  + " stated",
              (image, probe, theirs, ours) ->
                  image.equals("version-1") && probe == Probe.SNAPSHOT_LIST),
          new Deviation(
              "an entry with a wrong bit for one subcluster spoils that subcluster; in QEMU, the"
                  + " whole cluster",
              (image, probe, theirs, ours) ->
                  SUBCLUSTERS.contains(image)
                      && theirs.exitCode() == 1
                      && ours.exitCode() == 1
                      && ours.stdout().startsWith(theirs.stdout())),
          new Deviation(
              "QEMU 7.2 crashes there",
              (image, probe, theirs, ours) -> theirs.exitCode() > 128 && ours.exitCode() == 1),
          new Deviation(
              "refcounts are asked for a guess alone when mapping; that they make no sense is for a"
                  + " check to say",
              (image, probe, theirs, ours) ->
                  image.equals("refcount-block-unaligned")
                      && theirs.exitCode() == ours.exitCode()
                      && theirs.stdout().equals(ours.stdout())
                      && theirs.stderr().endsWith(ours.stderr())),
          new Deviation(
              "a relative data file name counts from the working directory, which is another one"
                  + " here",
              (image, probe, theirs, ours) ->
                  image.equals("data-file-name-relative")
                      && ours.stderr().endsWith(": No such file or directory\n")));

  private static boolean isCheck(Probe probe) {
    return probe == Probe.CHECK || probe == Probe.CHECK_JSON;
  }

  private static String untilLast(String text, String mark) {
    int position = text.lastIndexOf(mark);
    return position < 0 ? text : text.substring(0, position);
  }

  private static boolean saysWhy(String theirs, String ours) {
    String lastLine = theirs.substring(theirs.lastIndexOf('\n', theirs.length() - 2) + 1);
    String general = "Input/output error\n";
    return lastLine.endsWith(general)
        && ours.startsWith(lastLine.substring(0, lastLine.length() - general.length()))
        && ours.lines().count() == 1;
  }
}
