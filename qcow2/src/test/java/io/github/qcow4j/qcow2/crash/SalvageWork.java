package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.convert.Conversion;
import io.github.qcow4j.qcow2.convert.ConvertOptions;
import io.github.qcow4j.qcow2.convert.ConvertTarget;
import io.github.qcow4j.qcow2.convert.Qcow2Targets;
import io.github.qcow4j.qcow2.job.JobControl;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** A chain salvaged: what could not be read is told and is zeros, and all else is as it was. */
final class SalvageWork implements CrashWorkload {

  private static final PublishedImage SALVAGED =
      new PublishedImage(Path.of("/salvaged.qcow2"), ImageFormat.QCOW2);

  private static final ConvertOptions SALVAGING = new ConvertOptions(1, 4096, true, 0);

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    SourceChain chain = SourceChain.make(volume, random);
    volume.settle();
    chain.note(volume);
    byte[] expected = chain.content();
    try (Qcow2Image source = chain.open(volume);
        ConvertTarget target =
            Qcow2Targets.create(
                volume,
                SALVAGED.path(),
                ImageSpecs.random(random, expected.length),
                null,
                new Qcow2Targets.Storage(random.nextBoolean(), 0, true))) {
      Conversion.run(
          List.of(source),
          target,
          SALVAGING,
          new JobControl(),
          (offset, length, cause) -> {
            assertThat(cause).isInstanceOf(FileSystemException.class);
            Arrays.fill(expected, (int) offset, (int) (offset + length), (byte) 0);
          });
    }
    assertThat(SALVAGED.content(volume)).as("salvaged").isEqualTo(expected);
    return SourceChain::requireUnchanged;
  }
}
