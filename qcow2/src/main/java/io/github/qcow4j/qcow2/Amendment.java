package io.github.qcow4j.qcow2;

import io.github.qcow4j.qcow2.create.Preallocation;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.HeaderDraft;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Changes what an image is, without a change of what the guest sees but for the disk's size.
 *
 * <p>It goes in steps, in the order in which QEMU takes them: to version 3, refcount width, data
 * file, lazy refcounts, size, to version 2. Each is durable before the next, and after a power cut
 * either done or not. When one is refused, those before it are done.
 */
public final class Amendment {

  private static final int OLD_REFCOUNT_ORDER = 4;

  private final Qcow2Image image;
  private final AmendRequest request;
  private final JobControl control;

  private Amendment(Qcow2Image image, AmendRequest request, JobControl control) {
    this.image = image;
    this.request = request;
    this.control = control;
  }

  /**
   * Makes the changes; all of them durable on return. Nothing else may be under way on the image.
   *
   * @param image the image, open for writing
   * @param request what is to change
   * @param control the caller's hold on it; may cancel it, between or within steps
   * @throws UnsupportedFeatureException when the image has what a change cannot keep, or the
   *     version cannot hold what is wanted
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when a refcount does not fit into
   *     the new width, or the disk would become too large for its clusters
   */
  public static void run(Qcow2Image image, AmendRequest request, JobControl control)
      throws IOException {
    new Amendment(image, request, control).run();
  }

  private void run() throws IOException {
    int version = header().version();
    int wanted = orElse(request.version(), version);
    if (wanted > version) {
      image.structure().upgrade();
    }
    control.checkpoint();
    changeRefcountWidth(wanted);
    control.checkpoint();
    changeDataFile();
    changeLazyRefcounts(wanted);
    control.checkpoint();
    if (request.sizeBytes() != null) {
      image.resize(request.sizeBytes(), Preallocation.OFF, control);
    }
    control.checkpoint();
    if (wanted < version) {
      downgrade();
    }
  }

  private void changeRefcountWidth(int version) throws IOException {
    int order = orElse(request.refcountOrder(), header().refcountOrder());
    if (order == header().refcountOrder()) {
      return;
    }
    if (version < 3 && order != OLD_REFCOUNT_ORDER) {
      throw refused(
          "Refcount widths other than 16 bits require compatibility level 1.1 or above"
              + " (use compat=1.1 or greater)",
          "refcount width");
    }
    image.structure().changeRefcountOrder(order, control);
  }

  private void changeDataFile() throws IOException {
    String name = request.dataFileName();
    if (name != null) {
      if (!header().has(Feature.EXTERNAL_DATA_FILE)) {
        throw refused(
            "data-file can only be set for images that use an external data file",
            Feature.EXTERNAL_DATA_FILE.specificationName());
      }
      image
          .structure()
          .changeHeader(
              old -> HeaderDraft.of(old).dataFileName(name.isEmpty() ? null : name).header());
    }
    if (request.droppingRawDataFile() && header().has(Feature.RAW_EXTERNAL_DATA)) {
      setFeature(Feature.RAW_EXTERNAL_DATA, false);
    }
  }

  private void changeLazyRefcounts(int version) throws IOException {
    boolean present = header().has(Feature.LAZY_REFCOUNTS);
    Boolean wanted = request.lazyRefcounts();
    if (wanted == null || wanted == present) {
      return;
    }
    if (wanted && version < 3) {
      throw refused(
          "Lazy refcounts only supported with compatibility level 1.1 and above"
              + " (use compat=1.1 or greater)",
          Feature.LAZY_REFCOUNTS.specificationName());
    }
    setFeature(Feature.LAZY_REFCOUNTS, wanted);
  }

  private void setFeature(Feature feature, boolean set) throws IOException {
    image.structure().changeHeader(old -> HeaderDraft.of(old).feature(feature, set).header());
  }

  private void downgrade() throws IOException {
    image.structure().refuseWhatVersion2CannotHold();
    image.structure().downgrade(control);
  }

  private Qcow2Header header() {
    return image.header();
  }

  private static int orElse(@Nullable Integer wanted, int otherwise) {
    return wanted == null ? otherwise : wanted;
  }

  private UnsupportedFeatureException refused(String message, String feature) {
    return new UnsupportedFeatureException(image.path(), message, feature);
  }
}
