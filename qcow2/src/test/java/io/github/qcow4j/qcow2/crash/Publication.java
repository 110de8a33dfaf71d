package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.AtomicFile;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.CrashState;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.convert.Conversion;
import io.github.qcow4j.qcow2.convert.ConvertOptions;
import io.github.qcow4j.qcow2.convert.ConvertTarget;
import io.github.qcow4j.qcow2.convert.Qcow2Targets;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Images that appear under their names at once, created or converted, over an old one or over
 * nothing: what stands there is the old image or the new one, never a part of either.
 *
 * <p>With a data file there are two names to take, and no power cut in between leaves the new image
 * over the old data. It may leave the old image over the new data: then the old data are whole in a
 * file beside it, and given back their name the image is the old one.
 *
 * @param converted whether the new image is converted from a raw one, or created empty
 * @param dataFiles whether the data of old and new image are in a file of their own
 */
record Publication(boolean converted, boolean dataFiles) implements CrashWorkload {

  private static final Path IMAGE = Path.of("/disk.qcow2");
  private static final PublishedImage PUBLISHED = new PublishedImage(IMAGE, ImageFormat.QCOW2);
  private static final Path SOURCE = Path.of("/source.raw");
  private static final ConvertOptions ONE_THREAD = new ConvertOptions(1, 4096, false, 0);

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    byte[] newContent = source(volume, random);
    if (random.nextBoolean()) {
      oldImage(volume, random);
    } else {
      volume.settle();
    }
    ImageSpec drawn = spec(random, newContent.length);
    boolean overlay = !converted && !dataFiles && random.nextInt(3) == 0;
    ImageSpec spec = overlay ? overlay(drawn) : drawn;
    byte[] wanted = converted || overlay ? newContent : new byte[newContent.length];
    boolean compressed = converted && random.nextBoolean() && !dataFiles;
    Again.Job job =
        disk -> {
          if (converted) {
            convert(disk, spec, compressed);
          } else {
            ImageCreation.create(disk, IMAGE, spec);
          }
        };
    volume.mark(PUBLISHED.version(wanted, false));
    job.run(volume);
    volume.mark(PUBLISHED.version(wanted, true));
    return state -> {
      check(state);
      PUBLISHED.requireMadeAgain(state, wanted, job);
    };
  }

  private ImageSpec spec(Random random, int sizeBytes) {
    ImageSpec spec = ImageSpecs.random(random, sizeBytes);
    return dataFiles
        ? ImageSpecs.withDataFile(random, spec, IMAGE, true)
        : ImageSpecs.withPreallocation(random, spec);
  }

  private static ImageSpec overlay(ImageSpec drawn) {
    return ImageSpecs.of(
            drawn.sizeBytes(),
            drawn.version(),
            drawn.clusterBits(),
            drawn.refcountOrder(),
            drawn.extendedL2())
        .withBacking(SOURCE.getFileName().toString(), "raw");
  }

  private static byte[] source(SimulatedVolume volume, Random random) throws IOException {
    byte[] content = new byte[DiskVersion.SECTOR_BYTES * (64 + random.nextInt(160))];
    for (int from = 0; from < content.length; from += 4096) {
      int end = Math.min(content.length, from + 4096);
      if (random.nextInt(3) > 0) {
        Arrays.fill(content, from, end, (byte) random.nextInt());
      }
    }
    try (BlockFile file = volume.open(SOURCE, OpenOptions.creatingNew())) {
      file.write(ByteBuffer.wrap(content), 0);
    }
    return content;
  }

  private void oldImage(SimulatedVolume volume, Random random) throws IOException {
    ImageSpec spec = spec(random, DiskVersion.SECTOR_BYTES * (32 + random.nextInt(160)));
    byte[] content = RandomChanges.randomBytes(random, (int) spec.sizeBytes());
    ImageCreation.create(volume, IMAGE, spec);
    try (Qcow2Image disk = LeftImage.open(volume, IMAGE, true)) {
      disk.write(0, ByteBuffer.wrap(content));
    }
    volume.settle();
    volume.mark(PUBLISHED.version(content, true));
  }

  private static void convert(SimulatedVolume volume, ImageSpec spec, boolean compressed)
      throws IOException {
    try (DiskImage source =
            DiskImages.open(
                volume, SOURCE, ReferencePolicy.deny(), ImageOptions.of(ImageFormat.RAW));
        ConvertTarget target =
            Qcow2Targets.create(
                volume, IMAGE, spec, null, new Qcow2Targets.Storage(compressed, 0, true))) {
      Conversion.run(
          List.of(source), target, ONE_THREAD, new JobControl(), (offset, length, cause) -> {});
    }
  }

  private void check(CrashState state) throws IOException {
    if (!dataFiles) {
      PUBLISHED.requireOldOrNew(state);
      return;
    }
    List<DiskVersion> possible = LeftImage.possible(state.marks(), IMAGE);
    if (!PUBLISHED.isThere(state, possible)) {
      return;
    }
    new LeftImage(state.volume(), IMAGE).requireNoCorruption();
    if (!PUBLISHED.shows(state, possible)) {
      assertThat(possible).as("the new image alone is possible").hasSizeGreaterThan(1);
      giveBackOldData(state);
      possible = List.of(possible.getFirst());
    }
    assertThat(PUBLISHED.shows(state, possible))
        .as("the image is the old one or the new one")
        .isTrue();
  }

  private static void giveBackOldData(CrashState state) throws IOException {
    Path directory = IMAGE.getParent();
    String data = IMAGE.getFileName() + ".data";
    List<String> kept =
        state.volume().list(directory).stream()
            .filter(
                name -> name.startsWith("." + data) && name.endsWith(AtomicFile.TEMPORARY_SUFFIX))
            .toList();
    assertThat(kept).as("the old data under another name").hasSize(1);
    state
        .volume()
        .rename(directory.resolve(kept.getFirst()), directory.resolve(data), RenameMode.REPLACE);
  }
}
