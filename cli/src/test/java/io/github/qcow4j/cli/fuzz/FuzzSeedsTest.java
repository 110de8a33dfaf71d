package io.github.qcow4j.cli.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What real programs made is taken: a search that begins with what is refused at once does not get
 * far.
 */
final class FuzzSeedsTest {

  @TempDir private Path directory;

  @Test
  void chainsOfQemuImgAreFollowed() throws IOException {
    assertTaken(FuzzTarget.CHAIN, ChainSeeds.whole(directory));
  }

  @Test
  void whatBoxesTravelInIsTaken() throws IOException {
    BoxSeeds seeds = BoxSeeds.in(directory);
    assertTaken(FuzzTarget.ARCHIVE, seeds.archives());
    assertTaken(FuzzTarget.MANIFEST, seeds.manifests());
    assertTaken(FuzzTarget.DIRECTORY, seeds.directories());
    assertTaken(FuzzTarget.ENVELOPE, seeds.envelopes());
  }

  private static void assertTaken(FuzzTarget target, List<byte[]> seeds) {
    for (byte[] seed : seeds) {
      assertThat(target.run(seed)).as("%s, seed %d", target, seeds.indexOf(seed)).isNull();
    }
  }
}
