package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.JsonText;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.ToolRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is known to differ between qemu-img and this program in one {@link TwinSequence}, and looked
 * for to the byte: QEMU's own faults, and what either may do as it likes. Whatever differs
 * afterwards, because it differed here, is made the same again, so that the jobs that follow are
 * compared like all others.
 */
final class KnownDifferences {

  private static final String ERROR_NUMBER = "qemu-img: Check failed: Input/output error\n";
  private static final String REASON =
      "qemu-img: Check failed: refcounts must be written anew, which -r all does\n";

  private static final String STALE_BITMAPS =
      "qemu-img: warning: This qcow2 v2 image contains bitmaps, but they may have been modified by a"
          + " program without persistent bitmap support; so now they must all be considered"
          + " inconsistent\n"
          + "Some clusters may be leaked, run 'qemu-img check -r' on the image file to fix.";

  private final TwinChains twins;
  private @Nullable TwinGrowth growth;
  private @Nullable TwinRebase rebase;
  private boolean leavesBitmaps;
  private boolean oursMayStoreLess;

  KnownDifferences(TwinChains twins) {
    this.twins = twins;
  }

  /**
   * Looks at the images before a job.
   *
   * @return the job for qemu-img
   */
  TwinJob before(TwinJob job) {
    growth = TwinGrowth.by(job, twins.theirs());
    rebase = TwinRebase.by(job, twins);
    // QEMU brings whole pieces of 64 KiB and more to the base, with what it held itself already.
    // What had been zero clusters has no storage in ours, and has some in QEMU's.
    oursMayStoreLess |= job.is("commit ") || job.is("amend -o compat=0.10 ");
    leavesBitmaps = job.is("amend -o compat=0.10 ") && hasBitmaps(info(job));
    return forgetsSnapshots(job)
        ? new TwinJob(job.line().replaceFirst(" -r (all|leaks) ", " "))
        : job;
  }

  /**
   * QEMU 7.2 opens an image for repair without its snapshots. Where there are bitmaps, it writes a
   * header that says so, finds leaks, and "repairs" them: the snapshots are lost. Without repair it
   * has to find nothing wrong, and say what ours says that may repair.
   */
  private boolean forgetsSnapshots(TwinJob job) {
    if (!job.is("check -r ")) {
      return false;
    }
    Map<String, Object> info = info(job);
    return info.containsKey("snapshots") && hasBitmaps(info);
  }

  /** What QEMU tells of the image that a job is for; nothing when there is none. */
  private Map<String, Object> info(TwinJob job) {
    Path image = theirs(job);
    return Files.exists(image) ? JsonText.object(QemuTools.require().infoJson(image)) : Map.of();
  }

  private static boolean hasBitmaps(Map<String, Object> info) {
    return info.toString().contains("bitmaps=[{");
  }

  private Path theirs(TwinJob job) {
    return twins.theirs().resolve(TwinJob.words(job.line()).getLast());
  }

  /** Whether two answers differ as they are known to. */
  boolean explainsAnswers(TwinJob job, String theirs, String ours) {
    TwinGrowth grown = growth;
    if (grown != null && grown.isRefusedByQemuAlone(job, theirs, ours, twins)) {
      twins.replaceTheirs(grown.image());
      return true;
    }
    return TwinGrowth.isToldWhyByOursAlone(job, theirs, ours)
        || repairIsToldWhyByOursAlone(job, theirs, ours)
        || storesLess(job, ours);
  }

  /** QEMU has but an error number to tell why refcounts cannot be repaired by taking leaks away. */
  private static boolean repairIsToldWhyByOursAlone(TwinJob job, String theirs, String ours) {
    return job.is("check -r leaks ")
        && theirs.startsWith("1 ")
        && theirs.endsWith("ERROR need to rebuild refcount structures\n" + ERROR_NUMBER)
        && ours.equals(theirs.replace(ERROR_NUMBER, REASON));
  }

  /**
   * Whether our images store less than theirs, nothing else, and what is said of them is what QEMU
   * says of them.
   */
  private boolean storesLess(TwinJob job, String ours) {
    return oursMayStoreLess
        && (job.is("map ") || job.is("measure ") || job.is("compare -s "))
        && saysQemuOfOurs(job).equals(ours)
        && theirsCoverOurs("top.qcow2")
        && theirsCoverOurs("base.qcow2")
        && theirsCoverOurs("base.raw");
  }

  private boolean theirsCoverOurs(String image) {
    Path theirs = twins.theirs().resolve(image);
    return !Files.exists(theirs)
        || StoredSectors.of(theirs).coverThoseOf(twins.ours().resolve(image));
  }

  private String saysQemuOfOurs(TwinJob job) {
    return job.said(QemuTools.require().img(job.placed(twins.ours())), twins.ours());
  }

  /**
   * Looks at the images after a job that both answered alike. QEMU has taken the clusters of a
   * snapshot's L1 table before it finds that its refcounts cannot count one more reference, and
   * leaves them taken; they must be all that is wrong.
   */
  void after(TwinJob job, String theirs) {
    if (job.is("snapshot -c ") && theirs.startsWith("1 ") && theirs.contains("-22 (Invalid")) {
      takeLeaksAway(theirs(job));
    } else if (leavesBitmaps && theirs.startsWith("0 ")) {
      takeBitmapsAway(theirs(job));
    }
    TwinGrowth grown = growth;
    if (grown != null && theirs.startsWith("0 ") && grown.storesMoreInOursAlone(twins)) {
      twins.replaceTheirs(grown.image());
    }
  }

  /**
   * Version 2 has no bitmaps, and ours gives back their clusters. In QEMU's image they stay taken,
   * and what tells where they are stays too, of which every job warns until one writes to it. Both
   * must be there, and nothing else be wrong.
   */
  private static void takeBitmapsAway(Path image) {
    ToolRun warned = QemuTools.require().img("info", image.toString()).orFail();
    if (!warned.stderr().equals(STALE_BITMAPS)) {
      throw new AssertionError("no warning of bitmaps that are left: " + warned);
    }
    QemuTools.require().io(image, "flush");
    takeLeaksAway(image);
  }

  /** Ours repairs that: QEMU's repair might forget snapshots. */
  private static void takeLeaksAway(Path image) {
    QemuTools.require().img("check", image.toString()).expectExit(0, 3);
    OurRun _ = OurRun.asQemuImg("check", "-r", "leaks", image.toString());
    QemuTools.require().assertCheckClean(image);
  }

  /** Whether what a guest sees of an image differs as it is known to. */
  boolean explainsContent(String image) {
    if (!showsMoreInQemuAlone(image)) {
      return false;
    }
    twins.replaceTheirs(image);
    twins.deleteContent(image);
    return true;
  }

  private boolean showsMoreInQemuAlone(String image) {
    TwinGrowth grown = growth;
    TwinRebase rebased = rebase;
    return (grown != null && grown.showsLeftBytesInQemuAlone(image, twins))
        || (rebased != null && rebased.showsBackingInQemuAlone(image, twins));
  }
}
