PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
RUN = runs/classification/digits_lenet5/0

.PHONY: demo test lint results schemas clean

## Train, evaluate, explain, export and serve one network on embedded data.
demo: $(VENV)/.installed
	$(BIN)/dlapps classification train digits_lenet5
	$(BIN)/dlapps classification evaluate $(RUN)
	$(BIN)/dlapps classification explain $(RUN)
	$(BIN)/dlapps classification export $(RUN)
	$(BIN)/python examples/write_digit.py $(RUN)/digit.png
	@$(BIN)/python examples/classify_png.py saved_models/digits_lenet5 $(RUN)/digit.png \
	  2>$(RUN)/serving.log || { cat $(RUN)/serving.log; exit 1; }
	@echo "pictures:   $(RUN)/pictures"
	@echo "report:     $(RUN)/report.html"
	@echo "SavedModel: saved_models/digits_lenet5"

## Check the style, the types and the floors, and run the tests: one config for each model of each
## application. DLAPPS_EVERYTHING=1 takes every config, and the slow tests too, as CI does. One thread a process: more would wait for one another.
test: $(VENV)/.installed-test lint
	TF_NUM_INTRAOP_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 \
	  --dist worksteal --durations 20

lint: $(VENV)/.installed-test
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy

## Measure all that is published, which takes hours, and write RESULTS.md, the table of
## the README and the headers of the configs. Stopped, it continues; runs that are there are reused.
COMPARE = $(BIN)/dlapps compare
results: $(VENV)/.installed
	$(COMPARE) mnist_perceptron mnist_mlp mnist_lenet5 --seeds 5 --to results/classification_mnist
	$(COMPARE) mnist_lenet5_modern fashion_mnist_lenet5 --to results/classification_deeper
	$(COMPARE) mnist_lenet5_quick --to results/classification_mnist_quick
	$(COMPARE) fashion_mnist_two_convolutions --seeds 3 --to results/classification_fashion_mnist
	$(COMPARE) fashion_mnist_resnet --seeds 1 --to results/classification_fashion_mnist_resnet
	$(COMPARE) shapes_convolutional_network --seeds 3 --to results/classification_shapes
	$(COMPARE) fashion_mnist_overconfident --seeds 3 --to results/classification_overconfident
	$(COMPARE) mnist_convolutional_network --seeds 1 --to results/classification_mnist_best
	$(COMPARE) mnist_small_capsule_network --seeds 1 --to results/classification_capsules
	$(COMPARE) digits_lenet5 digits_transfer spirals_linear spirals_mlp rings_mlp xor_mlp \
	  blobs_perceptron --jobs 2 --to results/classification_small
	$(COMPARE) digits_deep_sigmoid digits_deep_relu digits_dying_relu digits_dying_relu_leaky \
	  rings_rate_too_small rings_rate_right rings_rate_too_large --jobs 2 --to results/classification_lectures
	$(COMPARE) python_modules_recurrent --seeds 3 --to results/classification_text
	$(COMPARE) shapes_fcos --seeds 3 --to results/detection_shapes
	$(COMPARE) bccd_fcos --seeds 1 --to results/detection_bccd
	$(COMPARE) shapes_retinanet --seeds 3 --to results/detection_shapes_retinanet
	$(COMPARE) bccd_retinanet --seeds 1 --to results/detection_bccd_retinanet
	test -d raccoon || unzip -q $(DLAPPS_MANUAL_DIR)/raccoon/raccoon.zip
	$(COMPARE) raccoon_fcos --seeds 1 --to results/detection_raccoon
	test -d coco128 || unzip -q $(DLAPPS_MANUAL_DIR)/coco128/coco128.zip
	$(COMPARE) shapes_log_sum_exp --seeds 3 --to results/weak_localization_shapes
	$(COMPARE) shapes_cam shapes_attention --seeds 3 --to results/weak_localization_shapes_pooling
	$(COMPARE) raccoon_cam bccd_log_sum_exp --seeds 1 --to results/weak_localization_photographs
	$(COMPARE) isbi2012_unet --seeds 1 --to results/segmentation_isbi2012
	$(COMPARE) isbi2012_border_unet --seeds 1 --to results/segmentation_isbi2012_border
	$(COMPARE) camvid_deeplab --seeds 1 --to results/segmentation_camvid
	$(COMPARE) shapes_unet shapes_fcn --seeds 3 --to results/segmentation_shapes
	$(COMPARE) camvid_unet camvid_segnet --seeds 1 --to results/segmentation_camvid_networks
	$(COMPARE) spoken_digit_keyword_cnn spoken_digit_attention_lstm --to results/speech_spoken_digit
	$(COMPARE) spoken_digit_ds_cnn spoken_digit_crnn spoken_digit_waveform_cnn --seeds 1 \
	  --to results/speech_networks
	$(COMPARE) connected_digits_new_voices connected_digits_ctc_lstm --seeds 1 \
	  --to results/transcription_connected_digits
	$(COMPARE) spoken_digit_noise_keyword_cnn --to results/speech_noise
	$(COMPARE) spoken_digit_new_voice_keyword_cnn --seeds 1 --to results/speech_new_voices
	$(COMPARE) tones_keyword_cnn tones_attention_lstm --to results/speech_tones
	$(COMPARE) tones_crnn tones_ds_cnn tones_waveform_cnn --seeds 3 --to results/speech_tones_networks
	$(COMPARE) tones_ctc_lstm --seeds 3 --to results/transcription_tones
	$(COMPARE) an4_ctc_lstm --seeds 1 --to results/transcription_an4
	$(COMPARE) flickr8k_show_attend_and_tell flickr8k_show_and_tell flickr8k_transformer --seeds 1 \
	  --to results/captioning_flickr8k
	$(COMPARE) shapes_show_attend_and_tell --seeds 3 --to results/captioning_shapes
	$(COMPARE) multi30k_attention --seeds 1 --to results/translation_multi30k
	$(COMPARE) multi30k_transformer multi30k_luong multi30k_encoder_decoder --seeds 1 \
	  --to results/translation_multi30k_networks
	$(COMPARE) multi30k_subwords --seeds 1 --to results/translation_multi30k_subwords
	$(COMPARE) number_words_attention number_words_transformer --to results/translation_number_words
	$(COMPARE) tiny_shakespeare_quick --seeds 3 --to results/language_tiny_shakespeare_quick
	$(COMPARE) tiny_shakespeare_lstm --seeds 1 --to results/language_tiny_shakespeare
	$(COMPARE) tiny_shakespeare_transformer --seeds 1 --to results/language_tiny_shakespeare_transformer
	$(COMPARE) standard_library_gru --seeds 1 --to results/language_standard_library
	$(COMPARE) ptb_lstm --seeds 1 --to results/language_ptb
	$(COMPARE) mnist_convolutional_autoencoder mnist_rbm mnist_variational_autoencoder --jobs 2 \
	  --to results/generation_mnist
	$(COMPARE) fashion_mnist_dcgan --seeds 1 --to results/generation_fashion_mnist \
	  --set evaluation.classifier=runs/classification/fashion_mnist_lenet5/0
	$(COMPARE) digits_convolutional_autoencoder digits_rbm digits_variational_autoencoder \
	  --jobs 2 --to results/generation_digits
	$(COMPARE) cartpole_dqn acrobot_dqn --seeds 5 --jobs 2 --to results/games
	$(BIN)/python benchmarks/own_photos.py --to results/own_photos.json
	$(BIN)/python benchmarks/uncertainty.py $(foreach seed,0 1 2,\
	  runs/classification/fashion_mnist_overconfident/$(seed)) --to results/uncertainty.json
	$(BIN)/python benchmarks/grown_masks.py $(foreach seed,0 1 2,\
	  runs/weak_localization/shapes_log_sum_exp/$(seed)) --to results/grown_masks.json
	$(BIN)/python benchmarks/explanations.py --to results/explanations.json
	$(BIN)/python benchmarks/label_errors.py --to results/label_errors.json
	$(BIN)/python benchmarks/training_speed.py --to results/training_speed.json
	$(BIN)/python benchmarks/write_results.py

## Write the JSON schemas that editors check configs against.
schemas: $(VENV)/.installed
	for application in $(notdir $(wildcard configs/*)); do \
	  $(BIN)/dlapps config schema $$application > schemas/$$application.json || exit 1; done

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@

clean:
	rm -rf $(VENV) build dist
