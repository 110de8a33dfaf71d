package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.ErrorText;
import io.github.qcow4j.cli.output.SizeFormat;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.encryption.LuksHeader;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.inspect.ImageSummary;
import java.io.PrintStream;
import org.jspecify.annotations.Nullable;

/** Prints the text of {@code info}, for one image after the other. */
final class InfoText {

  private final PrintStream out;

  InfoText(PrintStream out) {
    this.out = out;
  }

  void print(ImageFacts image) {
    ImageSummary summary = image.summary();
    Qcow2Header header = image.header();
    line("image: " + image.name());
    line("file format: " + summary.format().label());
    line(
        "virtual size: "
            + SizeFormat.of(summary.virtualSizeBytes())
            + " ("
            + summary.virtualSizeBytes()
            + " bytes)");
    line("disk size: " + SizeFormat.of(summary.allocatedBytes()));
    if (image.encrypted()) {
      line("encrypted: yes");
    }
    if (header != null) {
      line("cluster_size: " + header.clusterSize());
    }
    if (image.has(Feature.DIRTY)) {
      line("cleanly shut down: no");
    }
    backing(image);
    if (!summary.snapshots().isEmpty()) {
      line("Snapshot list:");
      SnapshotTableText.print(summary.snapshots(), out);
    }
    if (header != null) {
      line("Format specific information:");
      qcow2(image, header);
    }
  }

  private void backing(ImageFacts image) {
    String stored = image.summary().backingName();
    String full = image.fullBackingName();
    if (stored == null || full == null) {
      return;
    }
    line("backing file: " + stored + (full.equals(stored) ? "" : " (actual path: " + full + ")"));
    if (image.backingFormat() != null) {
      line("backing file format: " + image.backingFormat());
    }
  }

  private void qcow2(ImageFacts image, Qcow2Header header) {
    boolean version3 = header.version() >= 3;
    line("    compat: " + (version3 ? "1.1" : "0.10"));
    line("    compression type: " + header.compressionType().label());
    if (version3) {
      line("    lazy refcounts: " + header.has(Feature.LAZY_REFCOUNTS));
      bitmaps(image.summary());
    }
    line("    refcount bits: " + header.refcountBits());
    if (version3 && header.extensions().dataFileName() != null) {
      line("    data file: " + header.extensions().dataFileName());
    }
    if (image.encrypted()) {
      line("    encrypt:");
      encryption(image.summary().luks());
    }
    if (version3) {
      if (header.has(Feature.EXTERNAL_DATA_FILE)) {
        line("    data file raw: " + header.has(Feature.RAW_EXTERNAL_DATA));
      }
      line("    corrupt: " + header.has(Feature.CORRUPT));
      line("    extended l2: " + header.has(Feature.EXTENDED_L2));
    }
  }

  private void bitmaps(ImageSummary summary) {
    if (summary.bitmaps().isEmpty()) {
      return;
    }
    line("    bitmaps:");
    int index = 0;
    for (Bitmap bitmap : summary.bitmaps()) {
      line("        [" + index++ + "]:");
      line("            flags:");
      int flag = 0;
      if (bitmap.inUse()) {
        line("                [" + flag++ + "]: in-use");
      }
      if (bitmap.auto()) {
        line("                [" + flag + "]: auto");
      }
      line("            name: " + ShownText.of(bitmap.name()));
      line("            granularity: " + bitmap.granularityBytes());
    }
  }

  private void encryption(@Nullable LuksHeader luks) {
    if (luks == null) {
      line("        format: aes");
      return;
    }
    line("        ivgen alg: " + luks.ivGenerator());
    line("        hash alg: " + luks.hashName());
    line("        cipher alg: " + luks.cipherWithKeyBits());
    line("        uuid: " + luks.uuid());
    if (luks.ivGeneratorHash() != null) {
      line("        ivgen hash alg: " + luks.ivGeneratorHash());
    }
    line("        format: luks");
    line("        cipher mode: " + luks.cipherMode());
    line("        slots:");
    int index = 0;
    for (LuksHeader.KeySlot slot : luks.slots()) {
      line("            [" + index++ + "]:");
      line("                active: " + slot.active());
      if (slot.active()) {
        line("                iters: " + slot.iterations());
      }
      line("                key offset: " + slot.keyOffsetBytes());
      if (slot.active()) {
        line("                stripes: " + slot.stripes());
      }
    }
    line("        payload offset: " + luks.payloadOffsetBytes());
    line("        master key iters: " + luks.masterKeyIterations());
  }

  private void line(String line) {
    out.print(ErrorText.oneLine(line) + '\n');
  }
}
