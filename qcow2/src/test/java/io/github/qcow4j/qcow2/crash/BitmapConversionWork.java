package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.convert.Conversion;
import io.github.qcow4j.qcow2.convert.ConvertTarget;
import io.github.qcow4j.qcow2.convert.Qcow2Targets;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** An image converted together with its bitmaps: where the new image stands, all of them are. */
final class BitmapConversionWork implements CrashWorkload {

  private static final Path SOURCE = Path.of("/source.qcow2");
  private static final PublishedImage COPY =
      new PublishedImage(Path.of("/copy.qcow2"), ImageFormat.QCOW2);

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    ImageSpec spec = ImageSpecs.version3(random);
    BitmapCopyWork.make(volume, SOURCE, spec, List.of("first", "second"), random);
    byte[] content;
    try (Qcow2Image source = LeftImage.open(volume, SOURCE, false)) {
      content = LeftImage.read(source);
    }
    Map<String, BitSet> bitmaps = BitmapCopyWork.bitmaps(volume, SOURCE);
    DiskVersion unchanged = LeftImage.version(volume, SOURCE, true);
    COPY.prepare(volume, random);
    volume.mark(unchanged);
    CrashExplorer.Check check = COPY.make(volume, content, disk -> convert(disk, spec));
    return state -> {
      LeftImage.requirePossible(state, SOURCE);
      assertThat(BitmapCopyWork.bitmaps(state.volume(), SOURCE)).isEqualTo(bitmaps);
      if (shows(state.volume(), content)) {
        assertThat(BitmapCopyWork.bitmaps(state.volume(), COPY.path())).isEqualTo(bitmaps);
      }
      check.check(state);
    };
  }

  private static boolean shows(Volume volume, byte[] content) throws IOException {
    return volume.exists(COPY.path())
        && ByteBuffer.wrap(COPY.content(volume)).equals(ByteBuffer.wrap(content));
  }

  private static void convert(Volume volume, ImageSpec spec) throws IOException {
    try (Qcow2Image source = LeftImage.open(volume, SOURCE, false);
        ConvertTarget target =
            Qcow2Targets.withBitmapsOf(
                Qcow2Targets.create(volume, COPY.path(), spec, null, Qcow2Targets.Storage.PLAIN),
                source,
                false,
                skipped -> {
                  throw new AssertionError("skipped " + skipped.name());
                })) {
      Conversion.run(
          List.of(source),
          target,
          SourceChain.ONE_THREAD,
          new JobControl(),
          (offset, length, cause) -> {});
    }
  }
}
