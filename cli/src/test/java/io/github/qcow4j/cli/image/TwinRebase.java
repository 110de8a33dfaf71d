package io.github.qcow4j.cli.image;

import io.github.qcow4j.qcow2.testing.JsonText;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A disk of version 2 without a backing file, as it was before a job put one below it. */
final class TwinRebase {

  private final String image;
  private final String backing;
  private final byte[] before;

  private TwinRebase(String image, String backing, byte[] before) {
    this.image = image;
    this.backing = backing;
    this.before = before;
  }

  /** The disk that a job puts a backing file below, or null when it is not like that. */
  static @Nullable TwinRebase by(TwinJob job, TwinChains twins) {
    List<String> words = TwinJob.words(job.line());
    String image = words.getLast();
    Path theirs = twins.theirs().resolve(image);
    if (!job.is("rebase ") || job.is("rebase -u ") || !Files.exists(theirs)) {
      return null;
    }
    Map<String, Object> info = JsonText.object(QemuTools.require().infoJson(theirs));
    String backing = words.get(words.indexOf("-b") + 1);
    return backing.isEmpty()
            || info.containsKey("backing-filename")
            || !info.toString().contains("compat=0.10")
        ? null
        : new TwinRebase(image, backing, twins.bytes(twins.theirs(), image));
  }

  /**
   * Where the disk is zeros and the new backing file is not, QEMU writes zeros before it names that
   * file. Version 2 has no zero clusters, and without a backing file none are needed: QEMU gives
   * clusters back instead, through which a guest sees the new backing file. Ours leaves the disk as
   * it was. Nothing else may differ.
   */
  boolean showsBackingInQemuAlone(String shown, TwinChains twins) {
    if (!shown.equals(image)) {
      return false;
    }
    byte[] theirs = twins.bytes(twins.theirs(), image);
    byte[] below = twins.bytes(twins.theirs(), backing);
    for (int i = 0; i < Math.min(theirs.length, below.length); i++) {
      if (theirs[i] == below[i] && before[i] == 0) {
        theirs[i] = 0;
      }
    }
    return Arrays.equals(theirs, before) && Arrays.equals(twins.bytes(twins.ours(), image), before);
  }
}
