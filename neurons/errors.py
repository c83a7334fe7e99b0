"""What can go wrong for a user, each with what was asked, what exists and the way out."""


class NeuronsError(Exception):
    """Base of every error that a user can cause and mend."""


class AddressError(NeuronsError):
    """An address is not of the form ``layer:unit``."""


class ModelNotFoundError(NeuronsError):
    """No model goes by that name, or its weights are not where they should be."""


class TextSideMissingError(NeuronsError):
    """The model's images can be embedded but not its texts; the message says what is missing."""


class LayerNotFoundError(NeuronsError):
    """The network has no module at that path, or it gives no units."""


class NeuronNotFoundError(NeuronsError):
    """The layer exists, but it has fewer units than asked for."""


class ImagesNotFoundError(NeuronsError):
    """The source of images does not exist, or holds none."""


class BadImageError(NeuronsError):
    """An image cannot be decoded; the message is the reason."""


class LabelsMissingError(NeuronsError):
    """A study needs labels and the images carry none."""


class RunNotFoundError(NeuronsError):
    """No run lies at that path, or it is not finished."""


class ResultNotFoundError(NeuronsError):
    """No saved result lies at that path, or it is of another kind or version."""


class AlbumNotFoundError(NeuronsError):
    """No album of pictures lies at that path, or it has no such picture."""


class RunLockedError(NeuronsError):
    """Another process is writing to this folder, such as a run or an album."""


class MismatchError(NeuronsError):
    """Two things do not belong together, such as an edit and a model; the message says why."""


class OutputExistsError(MismatchError):
    """Something of other settings lies where something is to be written; it may be replaced."""


class StaleActivationsError(MismatchError):
    """A run was made with other settings than asked for; the message lists what differs."""


class OptionError(NeuronsError, ValueError):
    """An option has a value that makes no sense; the message gives the range."""
