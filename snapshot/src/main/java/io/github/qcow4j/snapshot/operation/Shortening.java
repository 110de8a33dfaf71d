package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.catalogue.Parent;
import java.io.IOException;
import java.util.List;

/**
 * Keeps chains short: a live disk whose chain has become too long takes up what it shows of the
 * layers right below, and lies further down then. Those layers stay for their snapshots. Where
 * storage can be shared, it is.
 *
 * <p>At least half of the chain is left out, and then every layer that is smaller than all above it
 * together: what is taken up is taken up again only when as much has been added, so that a disk
 * with thousands of snapshots moves each byte a few times and not every time.
 */
final class Shortening {

  private final Home home;
  private final BoxRow box;
  private final JobControl control;

  private Shortening(Home home, BoxRow box, JobControl control) {
    this.home = home;
    this.box = box;
    this.control = control;
  }

  /**
   * Shortens those live disks of a stopped, locked box that one more layer would make too long.
   *
   * @param control stops it, between two disks or within one; does not count it
   */
  static void run(Home home, BoxRow box, JobControl control) throws IOException {
    run(home, box, home.read(rows -> LiveDisk.of(rows, box.id())), control);
  }

  /** The same, when the disks are known; tells whether any had to be shortened. */
  static boolean run(Home home, BoxRow box, List<LiveDisk> disks, JobControl control)
      throws IOException {
    boolean any = false;
    for (LiveDisk live : disks) {
      if (live.depth() >= home.maxChainLayers()) {
        String top = live.disk().image().id();
        List<ImageRow> chain = home.read(rows -> new Images(rows).chain(top));
        new Shortening(home, box, control).shorten(chain, live.depth());
        any = true;
      }
    }
    return any;
  }

  private void shorten(List<ImageRow> chain, int depth) throws IOException {
    int lowest = chain.size() - 1;
    if (lowest < 2) {
      return;
    }
    // Half, so that as many snapshots again come before the next time.
    int target = Math.clamp(depth + 1L - home.maxChainLayers() / 2, 2, lowest);
    long aboveBytes = 0;
    for (ImageRow image : chain.subList(0, target)) {
      aboveBytes += allocatedBytes(image);
    }
    while (target < lowest) {
      long bytes = allocatedBytes(chain.get(target));
      if (bytes >= aboveBytes) {
        break;
      }
      aboveBytes += bytes;
      target++;
    }
    HeaderAgreement.requireAsNoted(home, chain.getFirst());
    Parent below = new Parent.Inside(chain.get(target).id());
    Rebasing.run(home, box, chain.getFirst(), below, control.forPart());
  }

  private long allocatedBytes(ImageRow image) throws IOException {
    return home.volume().status(home.layout().resolve(image.file())).allocatedBytes();
  }
}
