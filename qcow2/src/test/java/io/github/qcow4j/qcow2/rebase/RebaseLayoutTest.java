package io.github.qcow4j.qcow2.rebase;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where a rebase puts what it copies. */
class RebaseLayoutTest {

  @TempDir private Path directory;

  @ParameterizedTest(name = "compressed: {0}")
  @ValueSource(booleans = {false, true})
  void theResultDoesNotDependOnTheNumberOfThreads(boolean compressed) throws IOException {
    Workbench bench = Workbench.in(directory);
    bench.file("base.raw", Workbench.halfRandomBytes(16 << 20, 1));
    Path source = bench.path("source.qcow2");
    bench.qemu().createOverlay(source, "", bench.path("base.raw").toString(), "raw");
    bench.write(source, "write -P 5 3M 2M", "write -z 9M 1M");
    byte[] first = null;
    for (int threads : new int[] {1, 2, 8, 8, 8}) {
      Path copy = bench.copy(source, "copy.qcow2");
      Rebase.run(
          Volumes.host(),
          copy,
          ReferencePolicy.allow(),
          ImageOptions.of(ImageFormat.QCOW2),
          null,
          new RebaseOptions(threads, compressed, true, false, false),
          new JobControl());
      byte[] result = Files.readAllBytes(copy);
      bench.qemu().assertCheckClean(copy);
      first = first == null ? result : first;
      assertThat(result).isEqualTo(first);
    }
  }
}
