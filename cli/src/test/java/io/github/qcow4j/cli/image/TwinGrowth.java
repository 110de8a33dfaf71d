package io.github.qcow4j.cli.image;

import io.github.qcow4j.qcow2.testing.JsonText;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A disk that a job may make longer, as it was before.
 *
 * @param image its name
 * @param oldBytes its size
 * @param clusterBytes its cluster size
 * @param hidesBacking whether its version is 2, and its backing file is longer than it
 * @param reserves whether the job gives the new part its clusters
 * @param extended whether it has subclusters
 */
record TwinGrowth(
    String image,
    int oldBytes,
    int clusterBytes,
    boolean hidesBacking,
    boolean reserves,
    boolean extended) {

  private static final String REFUSAL =
      "1 qemu-img: Failed to zero out new clusters: Operation not supported\n";

  /** The disk that a job may make longer, or null when it makes none longer. */
  static @Nullable TwinGrowth by(TwinJob job, Path directory) {
    if (job.is("commit ")) {
      return of("base.qcow2", false, directory);
    }
    boolean reserves = job.is("resize --preallocation=") && !job.is("resize --preallocation=off ");
    return job.is("resize ")
        ? of(TwinJob.words(job.line()).reversed().get(1), reserves, directory)
        : null;
  }

  private static @Nullable TwinGrowth of(String name, boolean reserves, Path directory) {
    if (name.endsWith(".raw") || !Files.exists(directory.resolve(name))) {
      return null;
    }
    Map<String, Object> info = info(directory.resolve(name));
    boolean shorter =
        info.get("full-backing-filename") instanceof String backing
            && number(info, "virtual-size") < number(info(Path.of(backing)), "virtual-size");
    boolean old = info.toString().contains("compat=0.10");
    return new TwinGrowth(
        name,
        number(info, "virtual-size"),
        number(info, "cluster-size"),
        old && shorter,
        reserves,
        info.toString().contains("extended-l2=true"));
  }

  /**
   * Version 2 has no zero clusters, so that what a longer overlay is to hide of its backing file
   * has to be written as data. QEMU does not and refuses; ours does. The old disk must be as it
   * was, and the new part zeros.
   */
  boolean isRefusedByQemuAlone(TwinJob job, String theirs, String ours, TwinChains twins) {
    List<String> words = TwinJob.words(job.line());
    Path ourImage = twins.ours().resolve(image);
    // Of two disks that have not the same size, the rest of the longer one must be zeros.
    return hidesBacking
        && job.is("resize ")
        && theirs.equals(REFUSAL)
        && ours.equals("0 Image resized.\n")
        && number(info(ourImage), "virtual-size") == Integer.parseInt(words.getLast())
        && QemuTools.require()
                .img("compare", twins.theirs().resolve(image).toString(), ourImage.toString())
                .exitCode()
            == 0;
  }

  /** QEMU has but an error number to tell why a commit cannot make its base longer. */
  static boolean isToldWhyByOursAlone(TwinJob job, String theirs, String ours) {
    return job.is("commit ")
        && theirs.equals("1 qemu-img: Block job failed: Operation not supported\n")
        && ours.equals("1 qemu-img: Can't resize a v2 image which has snapshots\n");
  }

  /**
   * What a shrink cut off within the last cluster still stands in it, and QEMU lets a guest see it
   * again when the disk becomes longer. Where that reserves clusters, QEMU takes such as were used
   * before, and a guest sees what stood in them. Ours makes both zeros. Nothing else may differ.
   */
  boolean showsLeftBytesInQemuAlone(String shown, TwinChains twins) {
    if (!shown.equals(image)) {
      return false;
    }
    byte[] theirs = twins.bytes(twins.theirs(), image);
    int clusterEnd = (oldBytes + clusterBytes - 1) & -clusterBytes;
    int end = reserves ? theirs.length : Math.min(clusterEnd, theirs.length);
    if (oldBytes < end) {
      Arrays.fill(theirs, oldBytes, end, (byte) 0);
    }
    return Arrays.equals(theirs, twins.bytes(twins.ours(), image));
  }

  /**
   * Of clusters that a growth reserves QEMU leaves the subclusters unallocated, while ours stores
   * zeros in them. What a guest sees is the same.
   */
  boolean storesMoreInOursAlone(TwinChains twins) {
    return reserves
        && extended
        && showsLeftBytesInQemuAlone(image, twins)
        && StoredSectors.of(twins.ours().resolve(image))
            .coverThoseOf(twins.theirs().resolve(image));
  }

  private static Map<String, Object> info(Path image) {
    return JsonText.object(QemuTools.require().infoJson(image));
  }

  private static int number(Map<String, Object> object, String key) {
    return object.get(key) instanceof Long number ? Math.toIntExact(number) : 0;
  }
}
