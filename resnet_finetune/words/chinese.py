"""The sentences of ``say`` in simplified Chinese, by their English templates and with the same placeholders."""

from __future__ import annotations

CHINESE: dict[str, str] = {
    # How sentences are put together
    "{names}": "{names}",
    "{names} and {n} more": "{names}等（另有 {n} 个）",
    "{one} {other}": "{one}{other}",
    "{one}; {other}": "{one}；{other}",
    # Networks: their names, their blocks, their licence
    "ResNet-{depth}, recipe A1": "ResNet-{depth}（A1 训练法）",
    "ResNet-{depth}, weights V2": "ResNet-{depth}（V2 权重）",
    "This model is still learning: ask why once its training is over.": "这个模型还在学习：等训练结束后再问为什么。",
    "The photo or its model is not there any more, or another model was chosen: show it the photo again.": (
        "照片或它的模型已经不在了，或者选了另一个模型：请再给它看一次这张照片。"
    ),
    "The weights of {model} are under {licence}: commercial use is forbidden.": "{model} 的权重采用 {licence} 许可证：禁止商业使用。",
    "This training was stopped before its test, so there are no test photos to look with: train again.": (
        "这次训练在测试之前就停止了，没有可用来查看的测试照片：请重新训练。"
    ),
    "What was measured cannot be kept in {run} ({reason}): check the drive.": "测量结果无法保存到 {run}（{reason}）：请检查磁盘。",
    "The photos of this training are not in {root} any more: put the folder back there.": (
        "这次训练的照片已不在 {root}：请把文件夹放回原处。"
    ),
    # The installation
    "This Python is made for Macs with an Intel processor: install Python 3.13 from python.org, then start again.": (
        "这个 Python 是给英特尔处理器的 Mac 用的：请从 python.org 安装 Python 3.13，然后重新启动。"
    ),
    "PyTorch is not made for Macs with an Intel processor any more, so the app needs another computer.": (
        "PyTorch 不再支持英特尔处理器的 Mac，所以这个应用需要另一台电脑。"
    ),
    "This is macOS {release}, and PyTorch needs macOS 14 or newer: update the system, then start again.": (
        "这台电脑的系统是 macOS {release}，而 PyTorch 需要 macOS 14 或更新的版本：请升级系统，再重新启动应用。"
    ),
    "The app is being set up, this once. It downloads {download:.1f} GB (PyTorch, which does the learning, and what goes with it) "
    "into the folder .venv and takes some minutes, longer if the connection is slow. Later starts take seconds.": (
        "正在安装应用，只有这一次。会把 {download:.1f} GB（负责学习的 PyTorch 以及它需要的东西）下载到文件夹 .venv，要几分钟，网速慢则更久。"
        "以后几秒钟就能启动。"
    ),
    "The app needs other packages than before: they are installed now.": "应用需要的软件包有变化：现在安装。",
    "What an installation that was cut short has left in .venv is cleared away.": "正在清除上次没装完时留在 .venv 里的东西。",
    "The installation takes up to {needed:.0f} GB on this disk, and only {free:.1f} GB are free: make room, then start again.": (
        "安装最多需要占用这个磁盘 {needed:.0f} GB，现在只剩 {free:.1f} GB：请腾出空间，再重新启动。"
    ),
    "The PyTorch that can use your NVIDIA card is fetched: 2 to 3 GB.": "正在下载能使用你的 NVIDIA 显卡的 PyTorch：2 到 3 GB。",
    "That did not work, so the app will train without the card, which is slower. The reason stands above. An older NVIDIA "
    "driver has to be updated first. It is tried again at the next start; docs/other-ways-to-start.md says how to do without.": (
        "没有成功，所以训练时不会用显卡，会慢一些。原因见上面。NVIDIA 驱动较旧的话，请先更新。下次启动时会再试；"
        "不想再试的话，请看 docs/other-ways-to-start.md。"
    ),
    "Nothing could be downloaded: see that you are online. If you go online by a proxy, as in many companies, name it "
    "(docs/other-ways-to-start.md says how). Then start again the same way.": (
        "什么都下载不了：请检查网络。如果上网要经过代理（很多公司如此），请写明代理（写法见 docs/other-ways-to-start.md）。"
        "然后照原样重新启动。"
    ),
    "The installation did not finish: the reason stands above. Most often the connection broke off, or the disk is full. Then start "
    "again the same way.": "没有装完：原因见上面。多半是网络断了，或者磁盘满了。解决之后照原样重新启动。",
    "All packages are here. They are unpacked now: a minute or two.": "软件包都已下载，正在解压：一两分钟。",
    "Finding out which packages are needed.": "正在查找需要哪些软件包。",
    "Packages downloaded: {n}; {done:.2f} GB.": "已下载 {n} 个软件包，{done:.2f} GB。",
    "Packages downloaded: {n}; {done:.2f} of about {all:.1f} GB.": "已下载 {n} 个软件包，{done:.2f} GB（共约 {all:.1f} GB）。",
    "All that pip said is in {log}.": "pip 输出的全部内容在 {log}。",
    "The installation was cut short. Start again the same way to have it done.": "安装中断了。照原样重新启动，就会装完。",
    "The app is being installed in another window: wait until that is done.": "另一个窗口正在安装这个应用：请等它装完。",
    "Python could not make the folder .venv: the reason stands above.": "Python 无法建立文件夹 .venv：原因见上面。",
    "The folder .venv could not be made here ({reason}): close the app if it is open, or move its folder to where you may write, such "
    "as your home folder. Then start again.": (
        "无法在这里建立文件夹 .venv（{reason}）：如果应用开着，请先关掉；或者把应用的文件夹移到你可以写入的地方，例如你的个人文件夹。然后重新启动。"
    ),
    # Settings
    "Your data": "你的数据",
    "A folder with one sub-folder per class, a .zip or .tar of one, or the word 'demo'.": (
        "一个文件夹，里面每个类别一个子文件夹；也可以是打包好的 .zip 或 .tar，或者直接写 demo。"
    ),
    "Run folder": "训练文件夹",
    "Where the model and all results are written.": "模型和全部结果都保存在这里。",
    "Depth": "深度",
    "Deeper networks can learn more and need more photos and time.": "网络越深，能学的越多，也需要更多照片和时间。",
    "How thorough": "训练多细",
    "Quick: half a minute to two minutes on 200 photos. Balanced and Thorough train longer.": (
        "快速：200 张照片需要半分钟到两分钟。均衡和细致会训练得更久。可选：quick、balanced、thorough。"
    ),
    "Seed": "随机种子",
    "The same seed gives the same split and the same training.": "种子相同，数据划分和训练过程就相同。",
    "I have … minutes": "我有……分钟",
    "Plan the training to fit this time.": "按这段时间来安排训练。",
    "Learning rate": "学习率",
    "The highest that the last layer gets; without one, the preset’s.": "最后一层用到的最高学习率；不填则用预设值。",
    "Corrections": "更正",
    "A JSON file that says of photos to which class they belong, or null for those that are not to be used; or a JSON list of "
    "these.": "一个 JSON 文件，写明哪些照片属于哪个类别，不用的照片写 null；也可以是不用的照片的 JSON 列表。",
    "Judged like": "沿用测试照片",
    "The folder of an earlier run: its test photos are tested on again, so that the two can be compared.": (
        "以前某次训练的文件夹：再用它的测试照片来测试，这样两次可以比较。"
    ),
    "Train on from": "接着训练",
    "The folder of an earlier run: it starts from that model, and its test photos stay test photos.": (
        "以前某次训练的文件夹：从那个模型开始，它的测试照片仍只用来测试。"
    ),
    "Weights file": "权重文件",
    "A .safetensors file to start from, instead of the usual weights.": "用这个 .safetensors 文件作为起点，代替通常的权重。",
    "No run folder was given: name one with --run-dir.": "没有给出训练文件夹：请用 --run-dir 指定一个。",
    "There is no model called {model!r}: choose one of {names}.": "没有名为 {model!r} 的模型：请从 {names} 中选一个。",
    "There is no model called {name!r}: choose one of {names}.": "没有名为 {name!r} 的模型：请从 {names} 中选一个。",
    "There is no preset called {preset!r}: choose one of {names}.": "没有名为 {preset!r} 的预设：请从 {names} 中选一个。",
    "A run trains on from an earlier run or from a weights file: give one of them.": (
        "接着训练只能从以前的训练或权重文件中选一个作为起点：请只给出其中一个。"
    ),
    "{label} is {value}: give a number from {low} to {high}.": "{label}现在是 {value}：请填 {low} 到 {high} 之间的数。",
    # Corrections and reports
    "The list of corrections, {file}, does not exist: check the path.": "更正列表 {file} 不存在：请检查路径。",
    "The corrections {file} cannot be read: they should be a JSON object or list of photos.": (
        "更正文件 {file} 无法读取：它应当是 JSON 对象或照片的 JSON 列表。"
    ),
    '{file} holds no corrections: it should look like {{"cats/1.jpg": "dogs", "dogs/2.jpg": null}}, where null leaves a photo '
    'out, or like ["cats/1.jpg", "dogs/2.jpg"].': (
        '{file} 里没有更正：它应当像 {{"cats/1.jpg": "dogs", "dogs/2.jpg": null}} 这样（null 表示不用这张照片），'
        '或像 ["cats/1.jpg", "dogs/2.jpg"] 这样。'
    ),
    "The report in {run} is damaged: put back a copy of the folder, or train again.": (
        "{run} 里的报告已损坏：请放回一份备份，或重新训练。"
    ),
    # What was chosen
    "the archive “{name}”": "压缩包“{name}”",
    "the folder “{name}”": "文件夹“{name}”",
    "the demo photos": "演示照片",
    # Archives
    "unpack it yourself and choose the folder": "请自己解压，再选择解压后的文件夹",
    "holds a link ({name}), which could lead out of its folder: {by_hand}": "里面有一个链接（{name}），可能指向文件夹之外：{by_hand}",
    "holds something that is neither a file nor a folder ({name}): {by_hand}": (
        "里面有一项既不是文件也不是文件夹（{name}）：{by_hand}"
    ),
    "do not trust it": "请不要信任它",
    "rename it and pack it again": "请改名后重新打包",
    "{name} holds a file that {error}: {remedy}.": "{name} 里有一个文件{error}：{remedy}。",
    "{gigabytes:,.1f} GB, more than {times} times its own size": "{gigabytes:,.1f} GB，超过自身大小的 {times} 倍",
    "{name} holds more than {most:,} files: split it up.": "{name} 里的文件超过 {most:,} 个：请分成几份。",
    "{needed:.1f} GB, but only {free:.1f} GB": "{needed:.1f} GB，但只剩 {free:.1f} GB",
    "{name} is empty: choose the one that holds your photos.": "{name} 是空的：请选择装有照片的那个。",
    "{name} {fault}.": "{name} {fault}。",
    "{name} holds another {inner} ({where}): {by_hand}, or choose the inner one.": (
        "{name} 里还套着一个 {inner}（{where}）：{by_hand}，或选择里面的那个。"
    ),
    "{name} would grow to {size}, as no photos do: do not trust it.": (
        "{name} 解压后会有 {size}，照片不会这样：请不要信任它。"
    ),
    "{name} holds {gigabytes:,.0f} GB: {by_hand}.": "{name} 里有 {gigabytes:,.0f} GB：{by_hand}。",
    "To unpack {name} takes {gigabytes} can be spared on the disk: make room first.": (
        "解压 {name} 需要 {gigabytes} 磁盘空间可用：请先腾出空间。"
    ),
    "{name} is packed in a way that cannot be read ({error}): {by_hand}.": "{name} 的打包方式无法读取（{error}）：{by_hand}。",
    "is locked with a password: {by_hand}": "设有密码：{by_hand}",
    "{name} would grow to more than {times} times its own size, as no photos do: do not trust it.": (
        "{name} 解压后会超过自身大小的 {times} 倍，照片不会这样：请不要信任它。"
    ),
    "{notes:,.0f} MB of headers for one file": "单个文件就有 {notes:,.0f} MB 的文件头",
    "is packed in a way that cannot be read ({name}): {by_hand}": "的打包方式无法读取（{name}）：{by_hand}",
    "is packed in a way that cannot be read (method {method}): {by_hand}": "的打包方式无法读取（方法 {method}）：{by_hand}",
    "{name} holds {about}, as no photo has: do not trust it.": "{name} 里{about}，照片不会这样：请不要信任它。",
    "has a name that is too long ({text})": "的名字太长（{text}）",
    "would land outside its folder ({text})": "会落到文件夹之外（{text}）",
    "is there twice ({path})": "出现了两次（{path}）",
    "some computers take for another ({known}, {path})": "在有些电脑上会与另一个文件混淆（{known}、{path}）",
    # What was named or brought
    "{name} is neither a folder nor a .zip or .tar: choose the folder that holds your photos.": (
        "{name} 既不是文件夹，也不是 .zip 或 .tar：请选择装有照片的文件夹。"
    ),
    "No photos were chosen: name a folder, or a .zip or .tar of one.": (
        "还没有选择照片：请给出一个文件夹，或它的 .zip 或 .tar。"
    ),
    "There is no folder or .zip called {data}: check how it is written.": "没有名为 {data} 的文件夹或 .zip：请检查写法。",
    "{path} is on another computer ({server}), and this app asks none that you have not named yourself: if you "
    "know it, open a folder of it as your photos (or give one to the verb check), then try again.": (
        "{path} 在另一台电脑（{server}）上，本应用不会访问你没有亲自指定过的电脑：如果你认识它，"
        "请先把它上面的一个文件夹作为你的照片打开（或交给 check 命令），然后再试。"
    ),
    "{data} could not be opened ({reason}): check the drive, its free space and your rights.": (
        "{data} 打不开（{reason}）：请检查磁盘、剩余空间和访问权限。"
    ),
    "{name} is not a whole {suffix}: download it or copy it again.": ("{name} 不是完整的 {suffix}：请重新下载或重新复制。"),
    "It is a file that {error}: rename it, and bring it again.": "这个文件{error}：请改名后重新添加。",
    "These photos are not there any more: choose the folder again.": "这些照片已经不在了：请重新选择文件夹。",
    "Nothing can be written to the app’s own folder {folder} ({reason}): check the drive and rights.": (
        "无法写入本应用的文件夹 {folder}（{reason}）：请检查磁盘和访问权限。"
    ),
    "It has no name: give it one, and bring it again.": "它没有名字：请起个名字，再重新添加。",
    "The disk is full, so no more photos can be taken: make room on it, and try again.": (
        "磁盘已满，无法再接收照片：请腾出空间后再试。"
    ),
    "It could not be written ({reason}): rename it, and bring it again.": "无法写入（{reason}）：请改名后重新添加。",
    "It has {size:,.0f} MB, more than any photo: leave it out, or save it smaller.": (
        "它有 {size:,.0f} MB，比任何照片都大：请去掉它，或另存得小一些。"
    ),
    "Its name cannot be written on this computer: rename it, and bring it again.": (
        "它的名字无法在这台电脑上使用：请改名后重新添加。"
    ),
    "{path} could not be removed ({reason}): close what uses it, and try again.": (
        "{path} 无法删除（{reason}）：请关闭正在使用它的程序后再试。"
    ),
    "More than {most:,} files cannot be taken: choose a part of the folder.": (
        "最多只能接收 {most:,} 个文件：请只选择文件夹的一部分。"
    ),
    "More than {most:,.0f} GB cannot be taken: choose a part of the folder.": (
        "最多只能接收 {most:,.0f} GB：请只选择文件夹的一部分。"
    ),
    "The photo {name} went away while the run needed it: put it back, or {again}": (
        "训练还需要照片 {name}，但它不见了：请放回去，或者{again}"
    ),
    "The photo {name} was changed while the run needed it: {again}": "训练还需要照片 {name}，但它被改动了：请{again}",
    "train again, without it or with what it is now.": "重新训练，去掉它，或使用它现在的样子。",
    # Single files
    "It is only {width} × {height} pixels, too small to show anything: use a larger version of the photo.": (
        "它只有 {width} × {height} 像素，太小了，什么也看不出来：请换一张更大的。"
    ),
    "The file is damaged, so the photo cannot be read: copy it again from where it came.": (
        "文件已损坏，照片无法读取：请从来源处重新复制。"
    ),
    "It has too many pixels to be read safely: save it smaller.": "像素太多，无法安全读取：请另存得小一些。",
    "It could not be opened ({reason}): check the drive and your rights.": "打不开（{reason}）：请检查磁盘和访问权限。",
    "It is not there any more, or is no ordinary file: put it back or take it out.": (
        "它已经不在了，或者不是普通文件：请放回去，或把它去掉。"
    ),
    "It is not a photo in a format the app reads (JPEG, PNG, HEIC, AVIF, WebP, TIFF, GIF, BMP): take it out.": (
        "它不是本应用能读的照片格式（JPEG、PNG、HEIC、AVIF、WebP、TIFF、GIF、BMP）：请把它去掉。"
    ),
    "The file is empty: copy it again from where it came.": "文件是空的：请从来源处重新复制。",
    "The file ends too early, so a part of the photo is missing: copy it again from where it came.": (
        "文件不完整，照片缺了一部分：请从来源处重新复制。"
    ),
    "The folder could not be opened ({reason}): check the drive and your rights.": (
        "文件夹打不开（{reason}）：请检查磁盘和访问权限。"
    ),
    "It is a link, and links are not followed: put the photo or folder itself there.": (
        "它是一个链接，不会被打开：请把照片或文件夹本身放在那里。"
    ),
    "It vanished while it was read ({reason}): scan again.": "读取时它消失了（{reason}）：请重新查看照片。",
    "It is no ordinary file: take it out.": "它不是普通文件：请把它去掉。",
    "Another file has the same name, only encoded differently: rename one of them.": (
        "另一个文件与它同名，只是编码不同：请给其中一个改名。"
    ),
    # Tables and folders that tell the classes
    "It is damaged: open it in a spreadsheet program and save it again.": "它已损坏：请用电子表格软件打开后重新保存。",
    "It is locked with a password, or an old .xls: save it as .xlsx without a password.": (
        "它设有密码，或是旧的 .xls：请另存为不带密码的 .xlsx。"
    ),
    "It is too large when unpacked: save only the columns with the file names and the labels.": (
        "展开后太大：请只保存文件名和标签两列。"
    ),
    "It is larger than {most:.0f} MB: save only the columns with the file names and the labels.": (
        "它超过 {most:.0f} MB：请只保存文件名和标签两列。"
    ),
    "It could not be read ({reason}): check the drive and your rights.": "无法读取（{reason}）：请检查磁盘和访问权限。",
    "The quotation marks in line {line} make no sense: open it in a spreadsheet program and save it again.": (
        "第 {line} 行的引号不配对：请用电子表格软件打开后重新保存。"
    ),
    "It has more than {most:,} rows: split it up, or leave out rows.": "它超过 {most:,} 行：请拆开，或删去一些行。",
    "It lies in a folder of train, validation or test photos, but in that of no class: make a folder for each class inside them, "
    "or name the classes in a table beside them.": (
        "它在训练、验证或测试照片的文件夹里，却不在任何类别的文件夹里：请在其中为每个类别建一个文件夹，或在旁边放一张写明类别的表格。"
    ),
    "It lies outside {where}, so nothing says what it shows: move it into the folder of its class.": (
        "它在{where}之外，无从得知拍的是什么：请把它移到所属类别的文件夹里。"
    ),
    "There is no photo in this folder that can be read, so it is not a class: add photos, or take the folder out.": (
        "这个文件夹里没有能读取的照片，所以不算一个类别：请添加照片，或去掉这个文件夹。"
    ),
    "Its labels were used ({n} photos).": "已采用它的标签（{n} 张照片）。",
    "Its labels were used ({n} photos); {missing} more that it lists are not here: {names}.": (
        "已采用它的标签（{n} 张照片）；它还列出了 {missing} 张这里没有的照片：{names}。"
    ),
    "The table {table} does not say what it shows: add a line for it.": "表格 {table} 没有说明它是什么：请为它加一行。",
    "The table {table} gives it two different labels: take one of the two lines out.": (
        "表格 {table} 给了它两个不同的标签：请删去其中一行。"
    ),
    "It is a table, but the classes are told already, so it was not used.": "它是一个表格，但类别已经明确，所以没有用到。",
    "the class folders of train, validation and test": "训练、验证和测试的类别文件夹",
    "the class folders": "类别文件夹",
    # Whether it can be trained on
    "No class folders with photos were found: put the photos of each class into a folder of its own, for example cats/ and "
    "dogs/, and choose the folder that holds these.": (
        "没有找到装有照片的类别文件夹：请把每个类别的照片放进各自的文件夹，例如 猫/ 和 狗/，再选择它们的上一级文件夹。"
    ),
    "All {n} photos lie in one folder, but the app learns from one folder for each kind (class): make a folder for each kind, "
    "for example cats/ and dogs/, and sort the photos into them.": (
        "{n} 张照片全在同一个文件夹里，而学习时每个类别需要各自的文件夹：请为每个类别建一个文件夹，例如 猫/ 和 狗/，再把照片分进去。"
    ),
    "All {n} photos lie in one folder, {class_}, but a model learns by telling kinds (classes) apart: make a folder for each "
    "kind and sort the photos into them, or add a folder with photos of something else.": (
        "{n} 张照片全在同一个文件夹“{class_}”里，而模型要靠区分类别来学习：请为每个类别建一个文件夹，再把照片分进去，"
        "或再添加一个装有其他事物照片的文件夹。"
    ),
    "Only one class was found, {class_}: add a folder with photos of something else, because a model learns by telling classes "
    "apart.": "只找到一个类别“{class_}”：请再添加一个装有其他事物照片的文件夹，因为模型要靠区分类别来学习。",
    "No training photos were found for {names}: put some into the train folder.": (
        "没有找到{names}的训练照片：请往 train 文件夹里放一些。"
    ),
    "Only one photo was found for {names} (copies do not count): add more photos, or take the folder out.": (
        "{names}只找到一张照片（副本不算）：请添加照片，或去掉这个文件夹。"
    ),
    "There are too few photos to train on some and to judge the model honestly by others: add photos until each class has at "
    "least three that are in no other class.": (
        "照片太少，无法一部分用来训练、另一部分用来公正地评判模型：请添加照片，直到每个类别至少有三张不在其他类别里的照片。"
    ),
    # The doctor
    "size or shape": "尺寸或形状",
    "border": "边框",
    "JPEG quality": "JPEG 质量",
    "camera": "相机",
    "file format": "文件格式",
    "{width} × {height} pixels": "{width} × {height} 像素",
    "{n} photos are nearly the same picture as {name}. They stay on one side of the split, and teach little more than one of "
    "them: photos of other things, places and days help more.": (
        "有 {n} 张照片与 {name} 几乎是同一画面。它们会留在划分的同一侧，教给模型的不比其中一张多多少："
        "换些别的物体、地点和日子来拍更有帮助。"
    ),
    "Many of its photos are nearly the same picture as photos of {class_}: if only a small thing tells them apart, go closer to "
    "it; if some are in the wrong class, move them.": (
        "它有许多照片与“{class_}”的照片几乎是同一画面：如果只差在一个小地方，请靠近了拍；如果有些放错了类别，请移过去。"
    ),
    "It has {most} photos, {times} times as many as {small} or more, so the model will rather say {class_} when in doubt: add "
    "photos to the small classes.": (
        "它有 {most} 张照片，至少是{small}的 {times} 倍，所以模型拿不准时会偏向“{class_}”：请给小的类别添加照片。"
    ),
    "Its {n} photos were taken on very few occasions, or are nearly one picture, so some that are much alike must stand on both "
    "sides of the split: its score will look better than it is. Add photos of other places and days.": (
        "它的 {n} 张照片只拍于很少几个场合，或几乎是同一画面，所以划分的两侧难免有很相像的照片，得分会显得比实际好。"
        "请添加别的地点、别的日子拍的照片。"
    ),
    "Its photos can be told from the others by their {trait} alone ({accuracy:.0%} right, where guessing gives 50%), so the model "
    "may learn that instead of what they show: take or save the photos of all classes in the same way.": (
        "单凭{trait}就能把它的照片与其他照片区分开（对 {accuracy:.0%}，而瞎猜是 50%），模型可能学到的是这一点，而不是照片的内容："
        "请用同样的方式拍摄或保存各个类别的照片。"
    ),
    "cannot be learnt": "学不到",
    "has no say in which model is kept": "不参与挑选模型",
    "is not judged": "得不到评判",
    "It is very dark, so there is little to learn from it: take it out, unless new photos will be as dark.": (
        "它很暗，能学到的很少：请去掉它，除非以后的照片也这么暗。"
    ),
    "It is tiny ({size}): use a larger version of the photo, if there is one.": "它很小（{size}）：如果有更大的版本，请换上。",
    "It is very long ({size}), and only the square in its middle is looked at: cut out what matters.": (
        "它很长（{size}），而模型只看中间的正方形：请裁出重要的部分。"
    ),
    "The same photo": "同一张照片",
    "Nearly the same photo": "几乎同一张照片",
    "{same} is in several classes ({where}): leave it only where it belongs.": (
        "{same}出现在好几个类别里（{where}）：请只留在它该在的地方。"
    ),
    "It is an exact copy of {first}: one of them is enough.": "它与 {first} 完全相同：留一张就够了。",
    "It is nearly the same picture as {name}: one of them is enough.": "它与 {name} 几乎是同一画面：留一张就够了。",
    "It has {many}: add more, {few} at the least and better 50, or leave the class out.": (
        "它{many}：请再加一些，至少 {few} 张，最好 50 张，或不用这个类别。"
    ),
    "It is blurred, or shows hardly anything: take it out, unless new photos will be as blurred.": (
        "它很模糊，或几乎什么也看不出来：请去掉它，除非以后的照片也这么模糊。"
    ),
    "{same} is among the training photos and among those that judge the model: take one away.": (
        "{same}既在训练照片里，又在评判模型的照片里：请去掉一张。"
    ),
    "only one photo": "只有一张照片",
    "only {n} photos": "只有 {n} 张照片",
    "This class has no {part} photos and so {effect}: add some, or take it out everywhere.": (
        "这个类别没有{part}照片，因此{effect}：请添加一些，或在各处都去掉这个类别。"
    ),
    # Training
    "The checkpoint {file} is damaged: start a new run with the same settings.": (
        "检查点 {file} 已损坏：请用同样的设置开始新的训练。"
    ),
    "One process alone needs no bundle: give more --machines or more --gpus.": (
        "只有一个进程就不需要这些文件：请增加 --machines 或 --gpus。"
    ),
    "{to} is not empty: name a new folder.": "{to} 不是空的：请换一个新文件夹。",
    "{to} cannot be written ({reason}): name another folder.": "{to} 无法写入（{reason}）：请换一个文件夹。",
    "No photos in class folders were found: put the photos of each class into a folder of its name.": (
        "没有找到类别文件夹里的照片：请把每个类别的照片放进以它命名的文件夹。"
    ),
    "The model does not know {names}: name the folders like its classes ({classes}), or take them out.": (
        "模型不认识{names}：请按它的类别（{classes}）给文件夹命名，或去掉这些文件夹。"
    ),
    "The photos on this machine are not the same as on the first one: copy them, and start again.": (
        "这台机器上的照片与第一台不同：请复制过来，再重新开始。"
    ),
    "{n} passes over the photos are the most that are made, for more would hardly teach it more: it may end before your time "
    "is over.": "最多把照片看 {n} 遍，再多也几乎学不到更多：可能不到你给的时间就结束。",
    "The time was too short to fine-tune the network, so the first answer is kept: give it more minutes.": (
        "时间太短，来不及微调网络，所以保留首个答案：请多给几分钟。"
    ),
    "The training lost its footing (the loss was no number any more), so it went back to where it was last saved and goes on "
    "with a tenth of the learning rate.": ("训练失控了（损失已不是数字），所以退回到上次保存的地方，用十分之一的学习率继续。"),
    "The training lost its footing again (the loss is no number any more). The best model so far is kept; train again with "
    "another seed or a shallower network.": (
        "训练再次失控（损失已不是数字）。目前最好的模型已保留；请换一个随机种子或更浅的网络重新训练。"
    ),
    "The photos changed since this run began, so it cannot go on as it was: start a new run.": (
        "训练开始后照片有了变化，无法照原样继续：请开始新的训练。"
    ),
    "{n} of the photos that it is judged on were trained on in the earlier run, so this score looks better than it is.": (
        "评判它的照片中有 {n} 张在以前的训练里用过，所以得分显得比实际好。"
    ),
    "{n} of the photos that choose the model (validation) were trained on in the earlier run, because too few are new: it may be "
    "less sure of its answers than it says.": (
        "新照片太少，所以挑选模型的照片（验证）中有 {n} 张在以前的训练里用过：它的把握可能没有它说的那么大。"
    ),
    "{n} of the photos to correct or to leave out are not there: {names}.": "要更正或不用的照片中有 {n} 张不在：{names}。",
    "{n} photos stand on both sides, among the training photos and among those that judge the model (as copies, near-copies or "
    "taken in one go): the score looks better than it is.": (
        "有 {n} 张照片同时出现在训练照片和评判模型的照片里（完全相同、几乎相同，或是一次连拍的）：得分显得比实际好。"
    ),
    "No photo of {names} is among those that judge the model, so how well it knows them was not measured.": (
        "评判模型的照片里没有{names}，所以没有量出它对这些类认得怎样。"
    ),
    "Photos that were taken in one go with it are among the training photos and among those that judge the model: keep photos of "
    "one occasion together.": "与它一次连拍的照片同时出现在训练照片和评判模型的照片里：请把同一场合的照片放在一起。",
    "All photos of {names} are needed to judge by, as in the earlier run, and none is left to train on: add more photos, or take "
    "the folder out.": "{names}的照片像上次那样全都要用来评判，没有剩下可训练的：请再加一些照片，或把这个文件夹去掉。",
    "The photos of {names} were taken on very few occasions, so some much like the test photos were trained on: the score looks "
    "better than it is.": "{names}的照片只拍于很少几个场合，所以训练照片里有些与测试照片很像：得分显得比实际好。",
    "{n} photos are too few to hold some back for a test, so each is judged by a model trained on the others (cross-validation). "
    "The network is not fine-tuned, because nothing could tell whether that helped.": (
        "{n} 张照片太少，留不出测试用的，所以每张都由用其余照片训练的模型来评判（交叉验证）。"
        "网络没有微调，因为无从判断微调是否有帮助。"
    ),
    "Of {n} photos only {groups} really differ (the others are copies, near-copies or series), and these are too few to hold some "
    "back for a test, so each is judged by a model trained on others (cross-validation). The network is not fine-tuned, because "
    "nothing could tell whether that helped.": (
        "{n} 张照片中真正不同的只有 {groups} 张（其余是完全相同、几乎相同或连拍的照片），太少，留不出测试用的，"
        "所以每张都由用其他照片训练的模型来评判（交叉验证）。网络没有微调，因为无从判断微调是否有帮助。"
    ),
    "{n} photos are exact copies of others that the model is judged on, and are not counted again in its score.": (
        "有 {n} 张照片与评判模型的照片完全相同，得分里不再重复计算。"
    ),
    "The {n} photos that the model is judged on are much alike, as near-copies or series: only {groups} of them really differ, so "
    "the true accuracy is less certain than the interval says.": (
        "评判模型的 {n} 张照片很多彼此相像（几乎相同或连拍）：真正不同的只有 {groups} 张，所以真实准确率不如区间显示的那么确定。"
    ),
    "There is no room on the disk to keep {n} of the decoded photos ({gigabytes:.1f} GB), so they are decoded again in every "
    "pass, which is slower: make room to be quicker next time.": (
        "磁盘上放不下其中 {n} 张解码后的照片（{gigabytes:.1f} GB），每一轮都要重新解码，会慢一些：腾出空间，下次就快了。"
    ),
    "the earlier run {name}": "以前的训练 {name}",
    "The earlier run {name} did not note which photos it was trained on, so no test of it would be honest: start a new run "
    "without it.": "以前的训练 {name} 没有记下用过哪些照片，无法公正地测试：请不用它，开始新的训练。",
    "{device}, {n} processes": "{device}，{n} 个进程",
    "one photo": "一张照片",
    "{n} photos": "{n} 张照片",
    "Memory ran out, so the network is shown {some} at a time from here on. The training steps are as large as before (gradients "
    "are accumulated); it takes somewhat longer.": (
        "内存不足，所以从现在起网络每次只看{some}。训练的每一步仍和原来一样大（梯度累积），只是慢一些。"
    ),
    "The memory is too small for this network, even with one photo at a time: choose a shallower one (Depth), or close other "
    "programs that use the graphics card.": (
        "即使每次只看一张照片，内存也不够这个网络用：请选更浅的网络（深度），或关闭占用显卡的其他程序。"
    ),
    "Another process of this training ended, or its machine cannot be reached any more: see what it printed, start all of them "
    "again, and go on with this run.": (
        "这次训练的另一个进程已结束，或那台机器连不上了：请查看它输出的内容，全部重新启动，再继续这次训练。"
    ),
    # The model card
    "{network} that tells {n} classes of photos apart": "能区分 {n} 类照片的 {network}",
    "It names {accuracy} of {n} test photos right, {unseen}. With this many photos the true share is likely between {low} "
    "and {high} (95 % Wilson interval). Always giving the most common answer would be right on {guess}.": "它认对了 {n} 张测试照片中的 {accuracy}，{unseen}。就这么多照片来说，真实的比例很可能在 {low} 到 {high} 之间（95% Wilson 区间）。总是给最常见的答案能对 {guess}。",
    "test photos": "测试照片",
    "when it says so, it is right (precision)": "它这么说时说对的（精确率）",
    "of these photos, it found (recall)": "这些照片中它找到的（召回率）",
    "each of them by a model that had not seen it (cross-validation)": "每一张都由没见过它的模型来认（交叉验证）",
    "which had no part in its training": "它们没有参与训练",
    "What it is for, and what not": "它能做什么，不能做什么",
    "It knows only the classes above, and names one of them whatever it is shown, also a photo of something else.": "它只认识上面的类别，不管给它看什么，都会说是其中之一，照片上是别的东西也一样。",
    "It knows only the classes above. A photo that is like none that it learnt from is answered “none of these”. Of {known} "
    "photos of its classes that it was not trained on, {refused} would be answered so; how many photos of other things "
    "are, was not measured. The features of the photos that it learnt from are in its files, the photos are not.": "它只认识上面的类别。照片若与它学过的都不像，它会回答“都不是”。在 {known} 张属于这些类别、它没有训练过的照片中，会有 {refused} 张得到这个回答；别的东西的照片有多少会得到这个回答，没有测量过。它学过的照片的特征在它的文件里，照片本身不在。",
    "The figures hold for photos like those it was tested on: another camera, place, light or season can make it worse.": "这些数字只适用于与测试照片相像的照片：换了相机、地点、光线或季节，都可能变差。",
    "Its probabilities were calibrated on the few photos of one data set. Let nothing that matters depend on one answer.": "它的概率是用一个数据集里不多的照片校准的。要紧的事不要只靠一个答案来决定。",
    "How it works": "它如何工作",
    "{network}, fine-tuned.": "{network}，经过微调。",
    "{network} as it was pretrained, with a linear layer that was fitted to the photos.": (
        "{network}，保持预训练时的样子，另加一个按照片拟合的线性层。"
    ),
    "Unless the person who trained it named others, the weights that it started from ({weights}) come from ImageNet-1k, whose "
    "photos were given out for non-commercial research. Their licence: {licence}.": (
        "除非训练者另外指定，作为起点的权重（{weights}）来自 ImageNet-1k，其照片只供非商业研究使用。权重的许可证：{licence}。"
    ),
    "{licence}, no commercial use": "{licence}，禁止商业使用",
    "A photo is read as `photo.py` does it: upright, in sRGB, transparency on white, halved while its shorter side is at "
    "least {twice} pixels. The model takes it as bytes (uint8, height × width × 3) and does the rest: the centred square, "
    "{size} × {size} pixels by antialiased bilinear interpolation, normalised by {mean} and {std}, softmax at temperature "
    "{temperature}.": "照片按 `photo.py` 的方式读取：转正，转为 sRGB，透明处为白色，短边不小于 {twice} 像素时反复减半。模型接收字节（uint8，高 × 宽 × 3），其余由它完成：取中间的正方形，用抗锯齿双线性插值缩放到 {size} × {size} 像素，用 {mean} 和 {std} 归一化，softmax 的温度为 {temperature}。",
    "This export answers as the app that trained it does: {agree} of {n} test photos get the same answer from both, right or "
    "wrong; probabilities differ by {gap} at most (`parity.json`).": "这个导出文件的答案与训练它的应用一致：{n} 张测试照片中有 {agree} 张两者答案相同，不论答对还是答错；概率最多相差 {gap}（`parity.json`）。",
    "Made with resnet-finetune {version}.": "由 resnet-finetune {version} 制作。",
    # The faster way to answer for many photos
    "Answered in the exact way: {because}.": "用精确的方式回答：{because}。",
    "there are too few photos for the faster one to save time": "照片不够多，用更快的方式省不了时间",
    "the faster one answers {different} of {n} photos differently": "在 {n} 张照片中，更快的方式有 {different} 张答案不同",
    "the faster one needs room on the disk for a moment ({reason})": "更快的方式需要临时占用磁盘空间（{reason}）",
    "the faster one is only {ratio:.1f} times as fast on this computer": "在这台电脑上，更快的方式只有它的 {ratio:.1f} 倍速度",
    "Answered in the faster way, {ratio:.1f} times as fast on this computer. {n} of the photos were asked about in the exact way, "
    "too: all get the same answer, and probabilities differ by {gap:.1f} points at most.": (
        "用更快的方式回答，在这台电脑上是精确方式的 {ratio:.1f} 倍速度。其中 {n} 张照片也用精确的方式问过："
        "答案全部相同，概率最多相差 {gap:.1f} 个百分点。"
    ),
    # Exports, models, weights
    "{run} has no results yet: let the training finish, so that the export can be tested.": (
        "{run} 还没有结果：请等训练完成，这样导出的模型才能测试。"
    ),
    "The export cannot be written ({reason}): choose another folder, or make room.": (
        "导出无法写入（{reason}）：请换一个文件夹，或腾出空间。"
    ),
    "The exported model was thrown away because it answers differently: the same class on {agree} of {n} test photos, "
    "probabilities up to {max_abs_diff:.4f} apart. Use the model in the app instead.": (
        "导出的模型答案不一致，已丢弃：{n} 张测试照片中有 {agree} 张类别相同，概率最多相差 {max_abs_diff:.4f}。请在本应用里使用模型。"
    ),
    "In 8 bits a model may lose half a point at most. To tell that takes {fewest} photos that it was not trained on, and there "
    "are {n} (test and validation photos): take the model as plain ONNX, or train on more photos.": (
        "压到 8 位的模型最多只能损失半个百分点。要判断这一点，需要 {fewest} 张没有用来训练的照片，"
        "而现在只有 {n} 张（测试照片和验证照片）：请改用普通的 ONNX，或用更多照片训练。"
    ),
    "In 8 bits this model is right on {right} of {n} photos that it was not trained on, on {right_in_app} as it is. More than half "
    "a point was lost, so it was thrown away: take the model as plain ONNX.": (
        "压到 8 位后，这个模型在 {n} 张没有用来训练的照片中答对 {right} 张，原模型答对 {right_in_app} 张。"
        "损失超过半个百分点，已丢弃：请改用普通的 ONNX。"
    ),
    "The export does not work by itself, so it was thrown away ({said}): use the model in the app.": (
        "导出的模型无法独立运行，已丢弃（{said}）：请在本应用里使用模型。"
    ),
    "The run's photos are needed for this export, and none can be read in {folder}.": (
        "导出这种格式需要这次训练的照片，而 {folder} 里一张也读不出来。"
    ),
    "The run's test photos are needed to prove the export. {photo}: {error}": (
        "检验导出的模型需要这次训练的测试照片。{photo}：{error}"
    ),
    "exit code {code}": "退出码 {code}",
    "This model was trained by an earlier version of the app, which kept nothing to draw a map of: train again.": (
        "这个模型是用旧版应用训练的，没有留下画地图用的数据：请重新训练。"
    ),
    "The map cannot be written into {run} ({reason}): check the drive and your rights.": (
        "地图无法写入 {run}（{reason}）：请检查磁盘和访问权限。"
    ),
    "{to} is not empty: name a new folder for the copies.": "{to} 不是空的：请为副本指定一个新文件夹。",
    "The copies need {needed:.1f} GB, and there are {room:.1f} GB free in {to}: name a folder on another drive.": (
        "副本需要 {needed:.1f} GB，而 {to} 只剩 {room:.1f} GB：请指定另一个磁盘上的文件夹。"
    ),
    "The copies could not be written ({reason}): choose another place.": "副本无法写入（{reason}）：请换一个地方。",
    "One of the classes {error}: no folder can be called so.": "有一个类别{error}：文件夹不能用这样的名字。",
    "{name}, {n} threads, {precision}": "{name}，{n} 个线程，{precision}",
    "{name}, {precision}": "{name}，{precision}",
    "{name}, 1 thread, {precision}": "{name}，1 个线程，{precision}",
    "This PyTorch needs a driver for CUDA {version}, and yours is older or not running: update the NVIDIA driver, restart the "
    "computer, and start the app again.": (
        "这个 PyTorch 需要支持 CUDA {version} 的驱动，而你的驱动较旧或没有运行：请更新 NVIDIA 驱动，重启电脑，再启动本应用。"
    ),
    "This PyTorch has no code for so old a card: its compute capability is {its}, and {needed} or more is needed. There is nothing "
    "to be done; all works on the CPU.": (
        "这个 PyTorch 不支持这么旧的显卡：它的计算能力是 {its}，至少需要 {needed}。这没有办法解决；一切都可以在 CPU 上进行。"
    ),
    "This PyTorch was built without CUDA, as the variable UV_TORCH_BACKEND asks: remove it, close the app and double-click "
    "start.bat again.": (
        "按变量 UV_TORCH_BACKEND 的要求，这个 PyTorch 不带 CUDA：请删去这个变量，关闭本应用，再双击 start.bat。"
    ),
    "This PyTorch was built without CUDA. Update the NVIDIA driver, close the app, go online and double-click start.bat again: it "
    "fetches the one that can use the card, 2 to 3 GB.": (
        "这个 PyTorch 不带 CUDA。请更新 NVIDIA 驱动，关闭本应用，联网后再双击 start.bat：它会下载能使用显卡的 PyTorch（2 到 3 GB）。"
    ),
    "This PyTorch was built without CUDA. Close the app, run the two commands {first} and {second}, and start the app again.": (
        "这个 PyTorch 不带 CUDA。请关闭本应用，依次运行 {first} 和 {second} 这两条命令，再启动本应用。"
    ),
    "The model in {folder} is damaged: put back a copy of the folder, or train again.": (
        "{folder} 里的模型已损坏：请放回一份备份，或重新训练。"
    ),
    "The model in {folder} cannot be read ({reason}): check the drive and your rights.": (
        "{folder} 里的模型无法读取（{reason}）：请检查磁盘和访问权限。"
    ),
    "There is no trained model in {folder}: name the folder of a run that gave an answer.": (
        "{folder} 里没有训练好的模型：请指定一个已有答案的训练文件夹。"
    ),
    "The model in {folder} was written by another version of the app: open it with that version.": (
        "{folder} 里的模型是另一个版本的应用写的：请用那个版本打开。"
    ),
    "the file you named": "你指定的文件",
    "bundled with the app": "随应用附带",
    "downloaded earlier": "以前下载的",
    "downloaded from {host}": "从 {host} 下载",
    "The weights file {path} does not exist: check the path.": "权重文件 {path} 不存在：请检查路径。",
    "The name {name} is no text that can be written down: rename that folder or file, and use no letters but those "
    "of your language.": "名称 {name} 不是能写下来的文字：请给这个文件夹或文件改名，只用你的语言里的文字。",
    "The weights file {path} does not fit {model} ({reasons}): choose the model that the file was made for, or name another "
    "file.": "权重文件 {path} 与 {model} 不符（{reasons}）：请选择与文件相配的模型，或换一个文件。",
    "it lacks {names}": "缺少 {names}",
    "{model} has no {names}": "{model} 没有 {names}",
    "the shape of {names} is wrong ({found} in place of {wanted})": "{names} 的形状不对（是 {found}，应为 {wanted}）",
    "{names} is of the wrong number type ({dtype})": "{names} 的数值类型不对（{dtype}）",
    "{names} holds values that are not finite numbers": "{names} 里有不是有限数的值",
    "what arrived is not what was announced": "收到的内容与声明的不符",
    "what arrived does not fit: {reasons}": "收到的内容不符：{reasons}",
    "The weights of {model} ({megabytes:.0f} MB) are not on this machine and could not be downloaded from {host} ({error}): set "
    "HF_ENDPOINT to a mirror that this machine can reach, or fetch {file} of {repository} on another machine and name it as the "
    "weights file (--weights).": (
        "{model} 的权重（{megabytes:.0f} MB）不在这台机器上，也无法从 {host} 下载（{error}）："
        "请把 HF_ENDPOINT 设为这台机器能访问的镜像，或在另一台机器上下载 {repository} 的 {file}，再把它指定为权重文件（--weights）。"
    ),
    "The weights file {path} is not a whole .safetensors file ({error}): name one that is, because other formats (.pth, .pt, "
    ".bin, .ckpt) can run code when they are opened and so are not read.": (
        "权重文件 {path} 不是完整的 .safetensors 文件（{error}）：请换一个。其他格式（.pth、.pt、.bin、.ckpt）"
        "打开时可能会运行代码，所以不读取。"
    ),
    "HF_HUB_OFFLINE is set, so nothing was tried": "设置了 HF_HUB_OFFLINE，所以没有尝试下载",
    "it answered {code} {phrase}": "对方回应 {code} {phrase}",
    "it did not answer in time": "对方没有及时回应",
    "no connection: {error}": "无法连接：{error}",
    "the download failed: {error}": "下载失败：{error}",
    "what arrived is not a whole .safetensors file: {error}": "收到的不是完整的 .safetensors 文件：{error}",
    "The weights of {model} ({megabytes:.0f} MB) could not be kept in {folder} ({reason}): free some space there, or set "
    "HF_HUB_CACHE to a folder that can be written.": (
        "{model} 的权重（{megabytes:.0f} MB）无法保存到 {folder}（{reason}）：请在那里腾出空间，"
        "或把 HF_HUB_CACHE 设为一个可写的文件夹。"
    ),
    "it is not a model hub: a login page or a proxy may be in between": "对方不是模型库：中间可能隔着登录页或代理",
    "it sends more than {megabytes:.0f} MB": "对方发来的内容超过 {megabytes:.0f} MB",
    # Runs
    "“{title}” is being trained: stop it first.": "“{title}”正在训练：请先停止。",
    "{path} cannot be written ({reason}): see that the drive is connected and not write-protected.": (
        "{path} 无法写入（{reason}）：请确认磁盘已连接，且没有写保护。"
    ),
    "The training process did not start: the reason is in {log}.": "训练进程没有启动：原因见 {log}。",
    "A training is going on already ({name}): wait until it ends, or stop it first.": (
        "已有一个训练在进行（{name}）：请等它结束，或先停止它。"
    ),
    "{path} cannot be written ({reason}): put the folder back, or train again.": (
        "{path} 无法写入（{reason}）：请把文件夹放回去，或重新训练。"
    ),
    "A training is going on in {folder} already: wait until it ends, or stop it.": (
        "{folder} 里已有一个训练在进行：请等它结束，或停止它。"
    ),
    "This file holds more than {most:.0f} GB: no run is so large.": "这个文件超过 {most:.0f} GB：没有哪次训练这么大。",
    "This file is no run that was saved by this app, or it is damaged: save the run again.": (
        "这个文件不是本应用保存的训练，或已损坏：请重新保存那次训练。"
    ),
    "The run cannot be written here ({reason}): make room on the disk, and try again.": (
        "训练无法写入这里（{reason}）：请在磁盘上腾出空间后再试。"
    ),
    "This file would become far larger when it is opened than any run is: save the run again.": (
        "这个文件展开后会比任何训练都大得多：请重新保存那次训练。"
    ),
    "{place} cannot be read or written ({reason}): see that the drive is connected and not write-protected, then go on with this "
    "run.": "{place} 无法读写（{reason}）：请确认磁盘已连接且没有写保护，再继续这次训练。",
    "The disk is full ({place}).": "磁盘已满（{place}）。",
    "{megabytes:,.0f} MB are needed there.": "那里需要 {megabytes:,.0f} MB。",
    "{megabytes:,.0f} MB are free.": "现在剩余 {megabytes:,.0f} MB。",
    "What was saved before is whole: make room, then go on with this run.": (
        "之前保存的内容完好：请腾出空间，再继续这次训练。"
    ),
    "{path} holds no run: make it with 'create' first.": "{path} 里没有训练：请先用 create 建立。",
    "{path} holds no run: name the folder that a training wrote.": "{path} 里没有训练：请指定训练写入的文件夹。",
    "{folder} holds {names}, which the training would write over: choose another folder.": (
        "{folder} 里有 {names}，训练会把它们覆盖：请换一个文件夹。"
    ),
    "The earlier run {name} trained {its}, not {model}: choose that network (--model {its}), or start without the run.": (
        "之前的训练“{name}”用的是 {its}，不是 {model}：请选那个网络（--model {its}），或不从那个训练开始。"
    ),
    "{folder} holds a run already: choose another folder, or go on with that run by --resume.": (
        "{folder} 里已有一个训练：请换一个文件夹，或用 --resume 继续那个训练。"
    ),
    "The run folder {folder} cannot be written ({reason}): choose another place.": (
        "训练文件夹 {folder} 无法写入（{reason}）：请换一个地方。"
    ),
    "The app itself made a mistake ({kind}): the details are in {log}.": "应用自身出错了（{kind}）：详情见 {log}。",
    "{path} is damaged: put back a copy of it, or train again.": "{path} 已损坏：请放回一份备份，或重新训练。",
    # The page, besides its own tables
    "This app answers only its own page on this computer: open the address that the app printed when it started.": (
        "本应用只回应这台电脑上它自己的页面：请打开应用启动时显示的地址。"
    ),
    "open the page, in the browser, on this computer": "在这台电脑的浏览器里打开页面",
    "open a window of its own; needs pywebview": "在单独的窗口里打开；需要 pywebview",
    "A window of its own needs pywebview, which is not installed: install it with “{command}”, or leave out --window to use "
    "the browser.": "单独的窗口需要 pywebview，这里还没有安装：请用“{command}”安装，或者去掉 --window，用浏览器打开。",
    "No window can be shown here; the reason stands above. Leave out --window to use the browser.": (
        "这里无法显示窗口，原因见上。请去掉 --window，用浏览器打开。"
    ),
    "where to serve the page; the next free one if it is taken (default {port})": "页面使用的端口；被占用时用下一个空闲的（默认 {port}）",
    "do not open the page": "不自动打开页面",
    "The app is being opened: a few seconds, some more the first time.": "正在打开应用：需要几秒钟，第一次会稍久一些。",
    "Open {url} in your browser. Ctrl+C closes the page; a training that is going on goes on.": (
        "请在浏览器中打开 {url} 。按 Ctrl+C 关闭页面；正在进行的训练会继续。"
    ),
    # The command line: what it does
    "Fine-tune a ResNet on folders of photos.": "用一个个照片文件夹微调 ResNet。",
    "print one JSON object as the last line": "最后一行输出一个 JSON 对象",
    "look through the photos without training": "只查看照片，不训练",
    "measure which depth suits these photos and this machine": "测一测哪种深度适合这些照片和这台机器",
    "try learning rates on these photos, from low to high": "在这些照片上从低到高试各种学习率",
    "fine-tune a model": "微调一个模型",
    "write down what to run on several machines with GPUs to train one network": (
        "写出在多台带 GPU 的机器上训练同一个网络要运行的内容"
    ),
    "test a model on other labelled photos": "用其他带标签的照片测试模型",
    "classify new photos": "识别新照片",
    "take the model away, to use it outside this app": "把模型带走，在本应用之外使用",
    "list the runs made on this computer": "列出这台电脑上的全部训练",
    "a folder with one sub-folder per class, a .zip or .tar of one, or the word 'demo'": (
        "一个文件夹，里面每个类别一个子文件夹；也可以是打包好的 .zip 或 .tar，或者直接写 demo"
    ),
    "labelled photos, laid out as for training": "带标签的照片，摆放方式与训练时相同",
    "go on with this run after a stop or a crash, as it was set up": "停止或崩溃之后，按原来的设置继续这次训练",
    "how many": "几台机器",
    "on each of them": "每台机器上几块 GPU",
    "a port is a number from 0 to 65535": "端口是 0 到 65535 之间的数",
    "the folder to write into": "写入的文件夹",
    "the folder that a training wrote": "训练写入的文件夹",
    "photos, or folders or archives of them": "照片，或照片的文件夹、压缩包",
    "also write the answers as a table for a spreadsheet": "另外把答案写成电子表格可用的表",
    "faster, for thousands of photos: the same classes, but confidences may differ by some points": (
        "更快，适合几千张照片：类别相同，但把握可能相差几个百分点"
    ),
    "as what; onnx unless said otherwise": "导出成什么；不指定则为 onnx",
    "name the photos to train on, or a run to --resume": "请给出训练用的照片，或用 --resume 指定要继续的训练",
    "a run goes on as it was set up: give nothing else with --resume": "训练会按原来的设置继续：用 --resume 时请不要给出别的设置",
    # The command line: what it says
    "{usable} photos can be used, in {classes} classes; {rejected} files cannot.": (
        "有 {usable} 张照片可用，分为 {classes} 个类别；{rejected} 个文件不可用。"
    ),
    "{done} of {total} files read": "已读取 {done} / {total} 个文件",
    "Left out": "未采用",
    "The doctor says": "医生的诊断",
    "{title}: {n}": "{title}：{n}",
    "depth": "深度",
    "million parameters": "参数（百万）",
    "GB to train": "训练内存（GB）",
    "s per epoch": "每轮（秒）",
    "right on your photos": "在你的照片上的准确率",
    "not tried: its weights ({megabytes:.0f} MB) are not here": "没有试：权重（{megabytes:.0f} MB）不在这里",
    "Recommended for these {n} photos: {model}.": "对这 {n} 张照片，推荐 {model}。",
    "learning rate": "学习率",
    "loss": "损失",
    "Suggested: {suggested:.1e} (the preset takes {usual:.1e}). Use it by --learning-rate.": (
        "建议：{suggested:.1e}（预设为 {usual:.1e}）。用 --learning-rate 采用它。"
    ),
    "This run is finished: here is its result.": "这次训练已经完成，结果如下。",
    "Stopping; the best model so far is kept.": "正在停止；目前最好的模型会保留。",
    "Stopped before there was any model.": "在得出任何模型之前就停止了。",
    "{score} Kept: the fine-tuned model.": "{score}保留的是微调后的模型。",
    "{score} Kept: the first answer.": "{score}保留的是首个答案。",
    "{accuracy} of {n} photos are right (95 % interval {low} to {high}).": (
        "{n} 张照片中答对 {accuracy}（95% 置信区间 {low} 到 {high}）。"
    ),
    "What to run on each machine is told in {file}.": "每台机器上要运行什么，见 {file}。",
    "{n} of them were trained on, or chose the model: this score looks better than it is.": (
        "其中 {n} 张用于训练或挑选过模型：这个得分显得比实际好。"
    ),
    "Of the others, none of them like those: {score}": "其余与它们不相似的照片：{score}",
    "There are no others that are not like those: name photos it has not seen.": "没有其余与它们不相似的照片：请给出它没见过的照片。",
    "class": "类别",
    "photos": "照片",
    "precision": "精确率",
    "recall": "召回率",
    "No photo that can be read is among these files ({n}): name photos, or folders that hold some.": (
        "这些文件（{n} 个）里没有可以读取的照片：请指定照片，或者含有照片的文件夹。"
    ),
    "There are no files in what was named: name photos, or folders that hold some.": (
        "给出的地方没有文件：请给出照片，或装有照片的文件夹。"
    ),
    "{done} of {total} photos": "{done} / {total} 张照片",
    "asked both ways: {done} of {total} photos": "两种方式都问过：{done} / {total} 张照片",
    "none of these (of them, most like {name}  {score})": "都不是（其中最像 {name}  {score}）",
    "{path} cannot be written ({reason}): close it if it is open, or choose another place.": (
        "{path} 无法写入（{reason}）：如果它正开着，请先关闭，或换一个地方。"
    ),
    "{agree} of {n} photos get the same answer from both, right or wrong; probabilities differ by {gap:.1e} at most.": (
        "{n} 张照片中有 {agree} 张两者答案相同，不论答对还是答错；概率最多相差 {gap:.1e}。"
    ),
    "There are no runs yet.": "还没有训练。",
    "{n} for {split}": "{split} {n} 张",
    "{classes} classes; photos: {photos}; {rejected} files left out.": (
        "{classes} 个类别；照片：{photos}；{rejected} 个文件未采用。"
    ),
    "{model} on {device}; its weights: {weights}.": "{model}，运行于 {device}；权重：{weights}。",
    "{stage}: {done} of {total}": "{stage}：{done} / {total}",
    "First answer after {seconds:.0f} s: {score}": "{seconds:.0f} 秒后得到首个答案：{score}",
    "Fine-tuning: {epochs} epochs of photos at {pixels} pixels, {batch} at a time.": (
        "微调：{epochs} 轮，照片 {pixels} 像素，每次 {batch} 张。"
    ),
    "Fine-tuning: {epochs} epochs of photos at {pixels} pixels, {batch} at a time, about {seconds:.0f} s.": (
        "微调：{epochs} 轮，照片 {pixels} 像素，每次 {batch} 张，约 {seconds:.0f} 秒。"
    ),
    "step {step} of {steps}, loss {loss:.3f}, {seconds:.0f} s left": "第 {step} / {steps} 步，损失 {loss:.3f}，剩余 {seconds:.0f} 秒",
    "Epoch {epoch} of {epochs}: {accuracy} right on validation, the best so far.": (
        "第 {epoch} / {epochs} 轮：验证照片答对 {accuracy}，目前最好。"
    ),
    "Epoch {epoch} of {epochs}: {accuracy} right on validation.": "第 {epoch} / {epochs} 轮：验证照片答对 {accuracy}。",
    # The command line: what programs read in English
    "train": "训练",
    "validation": "验证",
    "test": "测试",
    "fetch": "下载权重",
    "scan": "查看照片",
    "features": "提取特征",
    "check": "核对验证照片",
    "remember": "记下照片的样子",
    "measure": "测量网络",
    "rates": "试学习率",
    "prove": "检验导出",
    "new": "未开始",
    "running": "训练中",
    "finished": "已完成",
    "stopped": "已停止",
    "failed": "未成功",
    "crashed": "已中断",
    "empty": "空文件",
    "not-a-photo": "不是照片",
    "truncated": "不完整",
    "damaged": "已损坏",
    "too-large": "过大",
    "too-small": "过小",
    "unreadable": "无法读取",
    "unreadable-table": "无法读取的表格",
    "link": "链接",
    "same-name": "重名",
    "no-class": "没有类别",
    "label-table": "标签表",
    "label-conflict": "标签冲突",
    "leak": "泄漏",
    "shortcut": "捷径",
    "few-occasions": "拍摄场合太少",
    "too-few": "照片太少",
    "imbalance": "不均衡",
    "missing-in-split": "划分中缺失",
    "same-scene": "同一场景",
    "duplicate": "重复",
    "near-duplicate": "近似重复",
    "series": "连拍",
    "dark": "过暗",
    "blurred": "模糊",
    "tiny": "太小",
    "extreme-shape": "过长或过高",
    "no-photos": "没有照片",
}

# What the C library says of the errors that people meet.
OF_THE_SYSTEM: dict[str, str] = {
    "No space left on device": "磁盘空间已满",
    "Disk quota exceeded": "超出磁盘配额",
    "File too large": "文件太大",
    "Permission denied": "没有权限",
    "Operation not permitted": "不允许这样操作",
    "Read-only file system": "文件系统只读",
    "No such file or directory": "没有这个文件或文件夹",
    "Not a directory": "不是文件夹",
    "Is a directory": "这是文件夹",
    "File exists": "文件已存在",
    "Directory not empty": "文件夹不是空的",
    "File name too long": "文件名太长",
    "Input/output error": "读写出错",
    "Too many open files": "打开的文件太多",
    "Device or resource busy": "设备正忙",
    "Invalid argument": "参数无效",
    "Connection refused": "连接被拒绝",
    "Cannot allocate memory": "内存不足",
    "Stale file handle": "文件已失效",
    "Transport endpoint is not connected": "磁盘未连接",
    "too little room": "空间不足",
}

# What ``argparse`` says, by the names that it gives to its own gettext.
OF_ARGPARSE: dict[str, str] = {
    "usage: ": "用法：",
    "positional arguments": "位置参数",
    "options": "选项",
    "show this help message and exit": "显示本帮助并退出",
    "%(prog)s: error: %(message)s\n": "%(prog)s：错误：%(message)s\n",
    "argument %(argument_name)s: %(message)s": "参数 %(argument_name)s：%(message)s",
    "the following arguments are required: %s": "缺少必需的参数：%s",
    "one of the arguments %s is required": "参数 %s 中必须给出一个",
    "unrecognized arguments: %s": "不认识的参数：%s",
    "not allowed with argument %s": "不能与参数 %s 一起使用",
    "ignored explicit argument %r": "不需要的值 %r",
    "ambiguous option: %(option)s could match %(matches)s": "选项 %(option)s 不明确，可能是 %(matches)s",
    "expected one argument": "需要一个值",
    "expected at most one argument": "最多一个值",
    "expected at least one argument": "至少需要一个值",
    "expected %s argument": "需要 %s 个值",
    "expected %s arguments": "需要 %s 个值",
    "invalid %(type)s value: %(value)r": "%(value)r 不是有效的 %(type)s 值",
    "invalid choice: %(value)r (choose from %(choices)s)": "没有 %(value)r 这个选择（可选：%(choices)s）",
    "unknown parser %(parser_name)r (choices: %(choices)s)": "没有 %(parser_name)r 这个命令（可选：%(choices)s）",
}
