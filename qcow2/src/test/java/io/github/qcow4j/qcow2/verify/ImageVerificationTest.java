package io.github.qcow4j.qcow2.verify;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.DamagedImages;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageRecipe;
import io.github.qcow4j.qcow2.testing.ImageShelf;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.Workbench;
import io.github.qcow4j.qcow2.verify.Concern.Reason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What speaks against an image has a name, and sound images of all kinds have nothing. */
class ImageVerificationTest {

  /** One image for each reason. */
  private static final Map<String, Reason> EXPECTED =
      Map.ofEntries(
          Map.entry("backing-name-1023", Reason.BACKING_FILE),
          Map.entry("data-file-bit-alone", Reason.DATA_FILE),
          Map.entry("data-file-name-alone", Reason.DATA_FILE),
          Map.entry("version-4", Reason.UNKNOWN_FEATURES),
          Map.entry("crypt-method-luks-without-header", Reason.ENCRYPTED),
          Map.entry("l1-size-past-limit", Reason.LIMIT_EXCEEDED),
          Map.entry("refcount-table-past-limit", Reason.LIMIT_EXCEEDED),
          Map.entry("cluster-bits-22", Reason.MALFORMED_HEADER),
          Map.entry("extension-past-cluster", Reason.MALFORMED_EXTENSION),
          Map.entry("snapshots-past-eof", Reason.MALFORMED_SNAPSHOTS),
          Map.entry("bitmaps-count-one-more", Reason.MALFORMED_BITMAPS),
          Map.entry("l1-offset-past-eof", Reason.TABLE_PAST_END),
          Map.entry("refcount-table-past-eof", Reason.TABLE_PAST_END),
          Map.entry("data-far-past-eof", Reason.DATA_PAST_END),
          Map.entry("stream-past-eof", Reason.DATA_PAST_END),
          Map.entry("l2-table-is-l1-table", Reason.OVERLAP),
          Map.entry("data-is-l2-table", Reason.OVERLAP),
          Map.entry("data-is-refcount-block", Reason.CORRUPT_METADATA),
          Map.entry("l2-entry-low-reserved-bit", Reason.CORRUPT_METADATA),
          Map.entry("magic-wrong", Reason.FORMAT_MISMATCH));

  /** Damages that waste space, lose data without a trace, or that nobody looks at. */
  private static final Set<String> HARMLESS =
      Set.of(
          "bitmap-granularity-other",
          "bitmaps-bit-alone",
          "cut-last-byte",
          "data-half-past-eof",
          "data-lost",
          "dirty-with-leak",
          "feature-table-odd-length",
          "header-length-cluster",
          "l1-entry-not-copied",
          "l2-entry-copied-alone",
          "l2-entry-not-copied",
          "l2-table-lost",
          "leak-one-bit",
          "leak-past-eof",
          "leak-unreferenced",
          "snapshot-id-empty",
          "snapshot-l1-size-0",
          "snapshot-vm-state-huge",
          "snapshots-one-less",
          "subcluster-plain-zero-flag",
          "subcluster-zero-flag",
          "version-2-plain-zero-flag",
          "version-2-zero-flag",
          "zero-not-copied");

  @TempDir Path directory;

  @Test
  void soundImagesOfAllKindsAreAcceptable() throws IOException {
    Workbench bench = Workbench.in(directory);
    for (String options :
        List.of(
            "extended_l2=on",
            "extended_l2=on,cluster_size=16k",
            "compression_type=zstd",
            "compat=0.10",
            "cluster_size=512",
            "refcount_bits=1",
            "lazy_refcounts=on")) {
      Path image = bench.image("image-" + options.hashCode(), options, 8 << 20, "write 0 1M");
      assertThat(verify(image).concerns()).as(options).isEmpty();
    }
    Path image = bench.image("snapshots.qcow2", "", 8 << 20, "write 0 1M");
    bench.snapshot(image, "one");
    bench.qemu().img("bitmap", "--add", image.toString(), "changes").orFail();
    bench.write(image, "write 64k 1M");
    bench.snapshot(image, "two");
    assertThat(verify(image).concerns()).isEmpty();
  }

  @Test
  void copiedFlagsThatAreClearAreCountedAndNoConcern() throws IOException {
    for (String name : List.of("l1-entry-not-copied", "l2-entry-not-copied", "zero-not-copied")) {
      VerificationReport report = verifyDamaged(DamagedImages.named(name));
      assertThat(report.concerns()).as(name).isEmpty();
      assertThat(report.missingCopiedFlags()).as(name).isPositive();
    }
    assertThat(verifyDamaged(DamagedImages.named("leak-one-bit")).missingCopiedFlags()).isZero();
  }

  @Test
  void everyReasonHasAnImage() throws IOException {
    for (Map.Entry<String, Reason> expected : EXPECTED.entrySet()) {
      VerificationReport report = verifyDamaged(DamagedImages.named(expected.getKey()));
      assertThat(report.concerns())
          .as(expected.getKey())
          .extracting(Concern::reason)
          .contains(expected.getValue());
    }
    Set<Reason> unused = EnumSet.allOf(Reason.class);
    unused.removeAll(EXPECTED.values());
    assertThat(unused)
        .containsExactlyInAnyOrder(
            Reason.FOREIGN_FORMAT, Reason.VIRTUAL_SIZE, Reason.MARKED_CORRUPT);
  }

  @Test
  void everyDamageThatACheckReportsOrThatLeadsElsewhereIsAConcern() throws IOException {
    Set<String> acceptable = new TreeSet<>();
    for (ImageRecipe recipe : DamagedImages.all()) {
      if (verifyDamaged(recipe).isAcceptable()) {
        acceptable.add(recipe.name());
      }
    }
    // Only decoding shows what is wrong with compressed data.
    acceptable.removeIf(name -> name.startsWith("stream-") || name.startsWith("frame"));
    assertThat(acceptable).isEqualTo(HARMLESS);
  }

  @Test
  void anOverlapIsSeenAlsoWhereTheCountsSayThatItIsRight() throws IOException {
    Path image = Workbench.in(directory).image("image.qcow2", "", 8 << 20, "write 0 1M");
    ImageSurgeon.operate(
        image,
        surgeon -> {
          long l1 = surgeon.get(HeaderField.L1_TABLE_OFFSET);
          surgeon.setL2Entry(2 << 20, l1);
          surgeon.setRefcount(l1, 2);
        });
    VerificationReport report = verify(image);
    assertThat(report.concerns())
        .containsExactly(
            new Concern(Reason.OVERLAP, "L1 table at offset 0x30000 has 2 references"));
  }

  @Test
  void aStatedFormatIsHeldAgainstTheContent() throws IOException {
    Path image = Workbench.in(directory).image("image.qcow2", "", 1 << 20);
    VerificationOptions raw = new VerificationOptions(ImageFormat.RAW, Long.MAX_VALUE, false);
    assertThat(ImageVerification.run(Volumes.host(), image, raw, new JobControl()).concerns())
        .containsExactly(new Concern(Reason.FORMAT_MISMATCH, "said to be raw, begins like qcow2"));
  }

  @Test
  void aDiskOfAnotherProgramIsNoRawDisk() throws IOException {
    Path image = directory.resolve("disk.vmdk");
    Files.write(image, "KDMV and more".getBytes(StandardCharsets.US_ASCII));
    assertThat(verify(image).concerns())
        .containsExactly(new Concern(Reason.FOREIGN_FORMAT, "begins like a VMDK image"));
  }

  @Test
  void aDiskMustNotBeLargerThanAccepted() throws IOException {
    Path image = Workbench.in(directory).image("image.qcow2", "", 1L << 40);
    VerificationOptions small = new VerificationOptions(null, 1L << 30, false);
    assertThat(ImageVerification.run(Volumes.host(), image, small, new JobControl()).concerns())
        .extracting(Concern::reason)
        .containsExactly(Reason.VIRTUAL_SIZE);
  }

  @Test
  void anImageThatIsMarkedCorruptIsToBeRepairedFirst() throws IOException {
    Path image = Workbench.in(directory).image("image.qcow2", "", 1 << 20);
    ImageSurgeon.operate(
        image, surgeon -> surgeon.setFeatureBit(HeaderField.INCOMPATIBLE_FEATURES, 1));
    assertThat(verify(image).concerns())
        .extracting(Concern::reason)
        .containsExactly(Reason.MARKED_CORRUPT);
  }

  private static VerificationReport verifyDamaged(ImageRecipe recipe) throws IOException {
    Path image = ImageShelf.shared().verdicts(recipe).image();
    VerificationOptions options = new VerificationOptions(ImageFormat.QCOW2, Long.MAX_VALUE, false);
    return ImageVerification.run(Volumes.host(), image, options, new JobControl());
  }

  private static VerificationReport verify(Path image) throws IOException {
    return ImageVerification.run(Volumes.host(), image, VerificationOptions.ANY, new JobControl());
  }
}
